// The page: what is where, and what the keys do.

import * as api from "./api";
import { Actions } from "./actions";
import { button, h } from "./dom";
import { Files } from "./files";
import { Grid } from "./grid";
import { Keyboard } from "./keyboard";
import { ChordLane, Ruler, WordLane } from "./lanes";
import { Jobs, Notation, Steps, Takes } from "./panels";
import { Mix } from "./mix";
import { Peaks } from "./peaks";
import { Player } from "./player";
import { RecordingPanel } from "./recording";
import { Roll } from "./roll";
import { barAt, secondsAt } from "./score";
import { Spectrogram } from "./spectrogram";
import { Store } from "./store";
import "./style.css";
import { TextPane } from "./text";
import { TrackList } from "./tracks";
import { Velocities } from "./velocities";
import { Viewport } from "./viewport";

const SNAPS: [string, number][] = [["1/4", 24], ["1/8", 12], ["1/8 triplet", 8], ["1/16", 6], ["1/16 triplet", 4], ["1/32", 3], ["free", 1]];

const store = new Store();
const view = new Viewport();
const player = new Player(store);
const ruler = new Ruler(store, view, player);
const chords = new ChordLane(store, view, player);
const words = new WordLane(store, view, player);
const peaks = new Peaks(store);
const mix = new Mix(store, view, player, peaks);
const grid = new Grid(store, view, player, peaks);
const spectrogram = new Spectrogram(store);
const roll = new Roll(store, view, player, spectrogram);
const keyboard = new Keyboard(store, roll, player);
const velocities = new Velocities(store, view, roll);
const tracks = new TrackList(store, player);
const actions = new Actions(store, player);
const files = new Files(store);
const jobs = new Jobs(store);
const notation = new Notation(store, view);
const panels: Record<string, { element: HTMLElement }> = {
  Takes: new Takes(store), Recording: new RecordingPanel(store, player, spectrogram), History: new Steps(store), Text: new TextPane(store), Notation: notation, Jobs: jobs,
};

const said = h("div", { class: "toast", role: "alert", hidden: true });
const clock = h("span", { class: "clock", role: "timer", "aria-label": "Position" });
const title = h("h1", {}, "scoretok studio");
const work = h("span", { class: "work", role: "status", "aria-label": "Work in progress" });
const status = h("span", { class: "hint", "aria-label": "Roll" });

const undo = button("Undo", () => void step("undo"), {}, "↶");
const redo = button("Redo", () => void step("redo"), {}, "↷");
const play = button("Play", () => void toggle(), {}, "▶");
const loop = button("Loop", () => (player.loop ? player.setLoop(null) : actions.loop()), {}, "⟳");
const metronome = button("Metronome", () => player.toggleMetronome(), {}, "♩");
const recording = button("Hear the recording", () => player.toggleRecording(), { hidden: true }, "Recording");
const renders = button("Render in the background", () => void store.send("renders", { on: !store.state.renders }), {}, "Model");
const pen = button("Pen", () => {
  roll.pen = !roll.pen;
  pen.setAttribute("aria-pressed", String(roll.pen));
}, { "aria-pressed": "false" }, "✎");
const snap = h("select", { "aria-label": "Grid", change: () => {
  roll.snapTicks = Number(snap.value);
  roll.redraw();
} }, ...SNAPS.map(([name, ticks]) => h("option", { value: String(ticks) }, name)));

const LETTERS: Record<string, () => unknown> = {
  c: () => actions.compose(), g: () => actions.more(), i: () => actions.write("infill"), l: () => actions.loop(), m: () => player.toggleMetronome(),
  r: () => store.state.recording && player.toggleRecording(), t: () => actions.takes(), v: () => actions.write("vary"),
};

async function step(what: "undo" | "redo"): Promise<void> {
  await store.send(what, {});
}

async function toggle(): Promise<void> {
  try {
    if (player.playing) player.pause();
    else await player.play();
  } catch (error) {
    store.say((error as Error).message, true);
  }
}

function layout(): void {
  const lanes = h("div", { class: "lanes" }, ruler.canvas, chords.canvas, words.canvas, mix.canvas);
  const side = h("aside", {}, tabs());
  const toolbar = h("header", { role: "toolbar", "aria-label": "Song" }, title, play, button("Stop", () => player.stop(), {}, "■"), loop, metronome, clock,
    undo, redo, recording, renders, button("Compose…", () => actions.compose()), button("Go on…", () => actions.more()), button("Add a track…", () => tracks.add()),
    button("Open…", () => files.choose()), button("Export…", () => actions.save()), button("Keys", help, {}, "?"), work);
  const tools = h("div", { class: "tools" }, h("label", {}, "Grid ", snap), pen, button("Zoom out", () => view.zoom(0.8, 200), {}, "−"),
    button("Zoom in", () => view.zoom(1.25, 200), {}, "+"), button("See all", fit), button("MIDI keyboard", async () => store.say(await keyboard.connect()), {}, "MIDI"), status);
  document.querySelector("#studio")?.replaceChildren(
    toolbar,
    h("main", {}, h("div", { class: "corner" }, h("span", { class: "hint" }, "bars"), h("span", { class: "hint" }, "chords"), h("span", { class: "hint" }, "words"), h("span", { class: "hint" }, "mix")), lanes,
      tracks.element, grid.canvas, h("div", { class: "corner beside" }, tools, keyboard.canvas), h("div", { class: "edit" }, actions.element, roll.canvas, velocities.canvas)),
    side, said);
}

function tabs(): HTMLElement {
  const names = Object.keys(panels);
  const heads = names.map((name) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-selected": "false", click: () => choose(name) }, name));
  const choose = (name: string) => {
    heads.forEach((head) => head.setAttribute("aria-selected", String(head.id === `tab-${name}`)));
    for (const one of names) (panels[one] as { element: HTMLElement }).element.hidden = one !== name;
    notation.show();
  };
  const whole = h("div", { class: "tabs" }, h("div", { role: "tablist" }, ...heads), ...names.map((name) => (panels[name] as { element: HTMLElement }).element));
  queueMicrotask(() => choose("Takes"));
  return whole;
}

function fit(): void {
  view.pxPerTick = Math.max(0.05, (grid.canvas.clientWidth - 10) / Math.max(1, store.sheet.end_ticks));
  view.scrollTo(0);
}

function help(): void {
  const rows = [
    ["Space", "play, pause"], ["L, M", "loop, metronome"], ["R", "hear the recording, or the score"],
    ["I, V, T", "infill, vary, another take of the selected bars"], ["C, G", "compose, go on"], ["Ctrl+O, Ctrl+S", "open, export"], ["Home", "to the start"], ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"], ["Ctrl+wheel", "zoom"], ["Shift+wheel", "scroll"],
    ["In the roll: arrows", "move the selection, or the cursor"], ["Shift+arrows", "length, octaves"], ["Enter, double click", "draw a note"],
    ["Delete", "take notes out"], ["[ and ]", "velocity"], ["Pen and piano keys", "write what is played, at the cursor"], ["Alt", "off the grid"], ["Ctrl+A, C, X, V", "select all, copy, cut, paste"],
    ["In the grid: arrows, Shift+arrows", "select bars"], ["In the grid: Enter", "keep them and select more"], ["In the bars: S, Enter", "select the section, set what begins here"], ["In the words: Tab", "to the next note"],
  ];
  const dialog: HTMLDialogElement = h("dialog", { "aria-label": "Keys" }, h("h2", {}, "Keys"), h("dl", {}, ...rows.flatMap(([key, what]) => [h("dt", {}, key ?? ""), h("dd", {}, what ?? "")])), button("Close", (): void => dialog.close()));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

function show(): void {
  const { state, sheet } = store;
  title.textContent = sheet.title || "untitled";
  document.title = `${sheet.title || "untitled"} – scoretok studio`;
  const { steps, position } = state.history;
  undo.disabled = position === 0;
  redo.disabled = position === steps.length;
  undo.title = position ? `Undo: ${steps[position - 1]}` : "Undo";
  redo.title = steps[position] ? `Redo: ${steps[position]}` : "Redo";
  recording.hidden = state.recording === null;
  renders.setAttribute("aria-pressed", String(state.renders));
  showWork();
}

function showWork(): void {
  const running = store.state.jobs.filter((job) => job.state === "running" || job.state === "queued");
  const first = running.find((job) => job.state === "running");
  work.textContent = first ? `${first.name}${first.stage ? `: ${first.stage}` : ""} ${Math.round(100 * first.share)} %${running.length > 1 ? `, ${running.length - 1} waiting` : ""}` : "";
}

function showTransport(): void {
  play.textContent = player.playing ? "❚❚" : "▶";
  play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
  loop.setAttribute("aria-pressed", String(player.loop !== null));
  recording.setAttribute("aria-pressed", String(player.hearsRecording));
  metronome.setAttribute("aria-pressed", String(player.metronome));
  const now = player.now();
  const seconds = secondsAt(store.sheet, now);
  clock.textContent = `bar ${barAt(store.sheet, now) + 1} · ${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

function animate(): void {
  if (player.playing) {
    view.show(player.now(), grid.canvas.clientWidth);
    showTransport();
    for (const lane of [ruler, chords, words, mix, grid, roll]) lane.redraw();
  }
  requestAnimationFrame(animate);
}

function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target.closest("input:not([type=range]), textarea, select, .cm-editor, dialog")) return;
  const command = event.ctrlKey || event.metaKey;
  if (event.key === " " && !target.closest("button")) void toggle();
  else if (event.key === "Home") player.seek(0);
  else if (command && event.key.toLowerCase() === "o") files.choose();
  else if (command && event.key.toLowerCase() === "s") void actions.save();
  else if (!command && LETTERS[event.key]) LETTERS[event.key]?.();
  else if (command && event.key.toLowerCase() === "z") void step(event.shiftKey ? "redo" : "undo");
  else if (command && event.key.toLowerCase() === "y") void step("redo");
  else return;
  event.preventDefault();
}

let hiding = 0;
function toast(sentence: string, isError: boolean): void {
  said.textContent = sentence;
  said.hidden = false;
  said.classList.toggle("error", isError);
  window.clearTimeout(hiding);
  hiding = window.setTimeout(() => (said.hidden = true), isError ? 12000 : 6000);
}

/** What nobody waited for and was refused is said; that the server is gone, by the events. */
function refused(event: PromiseRejectionEvent): void {
  if (!(event.reason instanceof api.Refusal)) return;
  event.preventDefault();
  if (event.reason.status) toast(event.reason.message, true);
}

async function start(): Promise<void> {
  window.addEventListener("unhandledrejection", refused);
  store.addEventListener("say", (event) => {
    const { sentence, isError } = (event as CustomEvent).detail;
    toast(sentence, isError);
  });
  try {
    await store.refresh();
  } catch (error) {
    document.body.append(h("p", { class: "fatal", role: "alert" }, (error as Error).message));
    return;
  }
  layout();
  snap.value = String(roll.snapTicks);
  store.addEventListener("change", show);
  player.addEventListener("change", showTransport);
  roll.canvas.addEventListener("status", () => (status.textContent = roll.status));
  new ResizeObserver(() => {
    keyboard.canvas.style.top = `${roll.canvas.offsetTop}px`;
    keyboard.canvas.style.height = `${roll.canvas.clientHeight}px`;
  }).observe(roll.canvas);
  document.addEventListener("keydown", keys);
  let isLost = false;
  api.listen(
    (event) => {
      if ("job" in event) {
        jobs.update(event.job);
        showWork();
        grid.redraw();
        if (event.job.state === "failed") toast(`${event.job.name}: ${event.job.said.join(" ")}`, true);
      } else if (event.version >= store.state.version) void store.refresh();
    },
    () => {
      if (!isLost) toast("The studio does not answer. Start it again: nothing that was done is lost.", true);
      isLost = true;
      document.body.classList.add("lost");
    },
    () => {
      if (isLost) location.reload();
    },
  );
  requestAnimationFrame(() => {
    fit();
    store.dispatchEvent(new Event("change"));
    showTransport();
    document.body.classList.add("ready");
  });
  animate();
}

void start();
