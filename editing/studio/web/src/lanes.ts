// The lanes above the roll: bars and sections, chords, words. A click opens what stands there for typing.

import { Lane } from "./canvas";
import { askFor, h } from "./dom";
import type { Player } from "./player";
import { barAt, barEnd } from "./score";
import type { Store } from "./store";
import { colour } from "./theme";
import type { Viewport } from "./viewport";

export const DOUBTFUL = 0.5; // how sure a chord or key must be to be shown without a question mark
const LOWEST_CHORD_PITCH = 48;
const SECTION_PX = 20;
const SECTIONS = ["intro", "verse", "pre-chorus", "chorus", "bridge", "solo", "interlude", "outro"];

export abstract class TimeLane extends Lane {
  constructor(
    label: string,
    className: string,
    protected readonly store: Store,
    protected readonly view: Viewport,
    protected readonly player: Player,
  ) {
    super(label, className);
    view.follow(this.canvas);
    for (const source of [store, view, player]) source.addEventListener("change", () => this.redraw());
  }

  protected drawCursor(context: CanvasRenderingContext2D): void {
    context.fillStyle = colour("cursor");
    context.fillRect(this.view.x(this.player.now()), 0, 1, this.height);
  }

  protected drawBars(context: CanvasRenderingContext2D): void {
    context.fillStyle = colour("bar-line");
    for (const bar of this.store.sheet.bars) {
      const x = this.view.x(bar.start_ticks);
      if (x > this.width) break;
      if (x >= 0) context.fillRect(x, 0, 1, this.height);
    }
  }
}

/** Bar numbers, meters, keys, tempos and sections; a drag makes a loop, a click on a section selects it, a double click
 * sets what begins with a bar. */
export class Ruler extends TimeLane {
  constructor(store: Store, view: Viewport, player: Player) {
    super("Bars and sections", "ruler", store, view, player);
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("dblclick", (event) => void this.editBar(barAt(store.sheet, view.ticks(event.offsetX))));
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const bar = barAt(store.sheet, player.now());
      if (event.key === "s") this.selectSection(bar);
      else if (step) player.seek(store.sheet.bars[Math.max(0, bar + step)]?.start_ticks ?? 0);
      else if (event.key === "Enter") void this.editBar(bar);
      else return;
      event.preventDefault();
    });
  }

  protected draw(context: CanvasRenderingContext2D): void {
    const { sheet } = this.store;
    this.drawBars(context);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    if (this.player.loop) {
      const [first, stop] = [this.player.loop.first, this.player.loop.stop];
      const x = this.view.x(sheet.bars[first]?.start_ticks ?? 0);
      context.fillStyle = colour("loop");
      context.fillRect(x, 0, this.view.x(barEnd(sheet, stop - 1)) - x, this.height);
    }
    const starts = sheet.bars.flatMap((bar, i) => (bar.section ? [i] : []));
    starts.forEach((bar, i) => {
      const x = this.view.x(sheet.bars[bar]?.start_ticks ?? 0);
      const end = this.view.x(sheet.bars[starts[i + 1] ?? -1]?.start_ticks ?? sheet.end_ticks);
      const label = sheet.bars[bar]?.section ?? "";
      context.fillStyle = colour(`section-${label}`) || colour("section-intro");
      context.fillRect(x, this.height - SECTION_PX, end - x - 1, SECTION_PX);
      context.fillStyle = colour("section-text");
      if (end - x > 20) context.fillText(label, Math.max(x, 0) + 5, this.height - SECTION_PX / 2, end - Math.max(x, 0) - 8);
    });
    const { recording } = this.store.state;
    const sure = recording?.bars.length === recording?.keys.length ? (recording?.keys ?? []) : [];
    let free = -Infinity; // of the line of bar numbers, from here on
    sheet.bars.forEach((bar, i) => {
      const x = this.view.x(bar.start_ticks);
      if (x < -60 || x > this.width || (x < free && !bar.meter && !bar.key)) return;
      const isDoubtful = bar.key && sure[i] !== undefined && sure[i] < DOUBTFUL;
      const label = [i + 1, bar.meter, isDoubtful ? `${bar.key}?` : bar.key].filter(Boolean).join("  ");
      context.fillStyle = colour("ruler");
      context.fillText(label, x + 4, 10);
      free = x + Math.max(34, context.measureText(label).width + 8);
    });
    context.fillStyle = colour("tempo");
    for (const [tick, bpm] of sheet.tempos) context.fillText(`♩ ${bpm}`, this.view.x(tick) + 4, 26);
    this.drawCursor(context);
  }

  private press(event: PointerEvent): void {
    const { sheet } = this.store;
    const first = this.view.ticks(event.offsetX);
    let moved = false;
    this.canvas.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent) => {
      if (!moved && Math.abs(now.offsetX - event.offsetX) < 6) return;
      moved = true;
      const [low, high] = [first, this.view.ticks(now.offsetX)].sort((a, b) => a - b) as [number, number];
      this.player.loop = { first: barAt(sheet, low), stop: barAt(sheet, Math.min(high, sheet.end_ticks - 1)) + 1 };
      this.redraw();
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener(
      "pointerup",
      () => {
        this.canvas.removeEventListener("pointermove", move);
        if (!moved) this.player.seek(Math.min(first, sheet.end_ticks));
        if (!moved && event.offsetY > this.height - SECTION_PX) this.selectSection(barAt(sheet, first));
        this.player.dispatchEvent(new Event("change"));
      },
      { once: true },
    );
  }

  /** Select the bars of the section that a bar lies in, of all tracks. */
  private selectSection(bar: number): void {
    const { sheet } = this.store;
    const first = Math.max(0, sheet.bars.findLastIndex((one, i) => i <= bar && one.section !== undefined));
    const next = sheet.bars.findIndex((one, i) => i > bar && one.section !== undefined);
    this.store.setRegion({ tracks: sheet.tracks.map((track) => track.id), first, stop: next < 0 ? sheet.bars.length : next });
  }

  /** Section, tempo and key from a bar on, typed. */
  async editBar(bar: number): Promise<void> {
    const { sheet } = this.store;
    const start = sheet.bars[bar]?.start_ticks ?? 0;
    const tempo = sheet.tempos.filter(([tick]) => tick <= start).at(-1)?.[1] ?? 120;
    const section = sheet.bars[bar]?.section ?? "";
    const answer = await askFor(`Bar ${bar + 1}`, [
      { name: "section", label: "Section from here", kind: "choice", choices: [section, ...["", ...SECTIONS].filter((one) => one !== section)] },
      { name: "tempo", label: "Tempo from here (quarter notes a minute)", value: String(tempo) },
      { name: "key", label: "Key from here (Eb:maj)", value: sheet.bars.slice(0, bar + 1).findLast((one) => one.key)?.key ?? "" },
    ], "Set");
    if (!answer) return;
    const last = sheet.bars.length;
    const next = sheet.bars.findIndex((one, i) => i > bar && one.section);
    const phrases = [];
    if (answer.section && answer.section !== section) phrases.push(`section ${answer.section} in bars ${bar + 1}-${next < 0 ? last : next}`);
    if (Number(answer.tempo) !== tempo) phrases.push(`tempo ${answer.tempo} in bars ${bar + 1}-${last}`);
    if (answer.key && answer.key !== sheet.bars.slice(0, bar + 1).findLast((one) => one.key)?.key) phrases.push(`key ${answer.key} in bars ${bar + 1}-${last}`);
    if (phrases.length) await this.store.edit(...phrases);
  }
}

/** A lane of words that are typed in place. */
abstract class TypedLane extends TimeLane {
  private editor: HTMLInputElement | null = null;
  private at = 0; // ticks, what the keyboard is at

  constructor(label: string, className: string, store: Store, view: Viewport, player: Player) {
    super(label, className, store, view, player);
    this.canvas.addEventListener("click", (event) => this.open(this.snap(view.ticks(event.offsetX))));
    this.canvas.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") this.at = this.step(this.at, event.key === "ArrowRight");
      else if (event.key === "Enter") this.open(this.at);
      else return;
      view.show(this.at, this.width);
      event.preventDefault();
      this.redraw();
    });
  }

  protected abstract snap(ticks: number): number;
  protected abstract step(ticks: number, forward: boolean): number;
  protected abstract textAt(ticks: number): string;
  protected abstract write(ticks: number, text: string): void;
  protected abstract name(ticks: number): string;

  protected drawAt(context: CanvasRenderingContext2D): void {
    if (document.activeElement !== this.canvas) return;
    context.strokeStyle = colour("accent");
    context.strokeRect(this.view.x(this.at) + 0.5, 1.5, 40, this.height - 3);
  }

  protected open(ticks: number): void {
    this.at = ticks;
    this.editor?.remove();
    const before = this.textAt(ticks);
    const editor = h("input", { class: "typed", "aria-label": this.name(ticks), value: before });
    editor.style.left = `${this.canvas.offsetLeft + Math.max(0, this.view.x(ticks))}px`;
    editor.style.top = `${this.canvas.offsetTop}px`;
    const close = (keep: boolean) => {
      if (this.editor !== editor) return;
      this.editor = null;
      editor.remove();
      if (keep && editor.value !== before) this.write(ticks, editor.value);
    };
    editor.addEventListener("blur", () => close(true));
    editor.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close(false);
      else if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        close(true);
        if (event.key === "Tab") this.open(this.step(ticks, !event.shiftKey));
        else this.canvas.focus();
      }
    });
    this.canvas.parentElement?.append(editor);
    this.editor = editor;
    editor.focus();
    editor.select();
  }
}

/** Chords, played when they are clicked. */
export class ChordLane extends TypedLane {
  constructor(store: Store, view: Viewport, player: Player) {
    super("Chords", "chords", store, view, player);
    this.canvas.addEventListener("click", (event) => this.hear(view.ticks(event.offsetX)));
  }

  private hear(ticks: number): void {
    const [, , classes = []] = this.store.sheet.chords.findLast(([tick]) => tick <= ticks) ?? [];
    let last = LOWEST_CHORD_PITCH - 1;
    void this.player.preview(classes.map((one) => (last += 1 + ((((one - last - 1) % 12) + 12) % 12))));
  }

  protected draw(context: CanvasRenderingContext2D): void {
    this.drawBars(context);
    const sure = new Map(this.store.state.recording?.chords);
    context.font = "13px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = colour("accent");
    this.store.sheet.chords.forEach(([tick, name], i, all) => {
      const x = this.view.x(tick);
      if (x > this.width || x < -80) return;
      const room = this.view.x(all[i + 1]?.[0] ?? Infinity) - x - 6;
      const isDoubtful = (sure.get(tick) ?? 1) < DOUBTFUL;
      context.globalAlpha = isDoubtful ? 0.6 : 1;
      if (room > 10) context.fillText(isDoubtful ? `${name}?` : name, x + 4, this.height / 2, Math.min(room, 200));
      context.globalAlpha = 1;
    });
    this.drawAt(context);
    this.drawCursor(context);
  }

  protected snap(ticks: number): number {
    const { sheet } = this.store;
    const bar = sheet.bars[barAt(sheet, ticks)];
    if (!bar) return 0;
    return bar.start_ticks + Math.floor((ticks - bar.start_ticks) / bar.beat_ticks) * bar.beat_ticks;
  }

  protected step(ticks: number, forward: boolean): number {
    const { sheet } = this.store;
    const beat = sheet.bars[barAt(sheet, forward ? ticks : ticks - 1)]?.beat_ticks ?? 24;
    return Math.max(0, Math.min(this.snap(sheet.end_ticks - 1), ticks + (forward ? beat : -beat)));
  }

  protected textAt(ticks: number): string {
    return this.store.sheet.chords.find(([tick]) => tick === ticks)?.[1] ?? "";
  }

  protected write(ticks: number, text: string): void {
    void this.store.gesture("set_chord", text.trim() ? `chord ${text.trim()}` : "take a chord out", { at: ticks, text });
  }

  protected name(ticks: number): string {
    return `Chord in bar ${barAt(this.store.sheet, ticks) + 1}`;
  }
}

/** The syllables of the vocal track that is selected, or of the first one; Tab goes to the next note. */
export class WordLane extends TypedLane {
  constructor(store: Store, view: Viewport, player: Player) {
    super("Words", "words", store, view, player);
  }

  private get track() {
    const { sheet, selectedTrack } = this.store;
    return selectedTrack?.role === "vocal" ? selectedTrack : sheet.tracks.find((one) => one.role === "vocal");
  }

  protected draw(context: CanvasRenderingContext2D): void {
    this.drawBars(context);
    context.font = "13px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = colour("words");
    const sung = (this.track?.notes ?? []).filter((note) => note[4]);
    sung.forEach((note, i) => {
      const x = this.view.x(note[0]);
      const room = this.view.x(sung[i + 1]?.[0] ?? Infinity) - x - 2;
      const isLegible = context.measureText(note[4] ?? "").width < 1.5 * room;
      if (x < this.width && x > -80) context.fillText(isLegible ? (note[4] ?? "") : "·", x + 2, this.height / 2, Math.max(4, room));
    });
    this.drawAt(context);
    this.drawCursor(context);
  }

  protected snap(ticks: number): number {
    const starts = (this.track?.notes ?? []).map((note) => note[0]);
    return starts.reduce((best, one) => (Math.abs(one - ticks) < Math.abs(best - ticks) ? one : best), starts[0] ?? 0);
  }

  protected step(ticks: number, forward: boolean): number {
    const starts = [...new Set((this.track?.notes ?? []).map((note) => note[0]))];
    return (forward ? starts.find((one) => one > ticks) : starts.findLast((one) => one < ticks)) ?? ticks;
  }

  protected textAt(ticks: number): string {
    return this.track?.notes.find((note) => note[0] === ticks)?.[4] ?? "";
  }

  protected write(ticks: number, text: string): void {
    const { track } = this;
    const lowest = track?.notes.find((note) => note[0] === ticks);
    if (!track || !lowest) return;
    const words = text.trim().split(/\s+/).filter(Boolean);
    if (words.length > 1) {
      const first = barAt(this.store.sheet, ticks) + 1;
      const region = this.store.region;
      const stop = region && region.first < first && region.stop >= first ? region.stop : first;
      void this.store.edit(`lyrics "${text.trim().replaceAll('"', "'")}" in bars ${first}-${stop} of ${track.id.replace(".", " ")}`);
      return;
    }
    void this.store.gesture("set_syllable", `word ${text.trim() || "taken out"}`, { track: track.id, notes: [[lowest[0], lowest[1]]], text });
  }

  protected name(ticks: number): string {
    return `Word in bar ${barAt(this.store.sheet, ticks) + 1}`;
  }
}
