// The list of tracks beside the grid: which is edited, mute, solo, level and pan, and what can be done to it.

import { type Field, askFor, button, h, refill } from "./dom";
import type { Player } from "./player";
import type { Store } from "./store";
import { roleColour } from "./theme";

const VOICES = ["low", "middle", "high"];
const ROLES = ["vocal", "lead", "guitar", "piano", "strings", "bass", "drums"];

export function named(track: string): string {
  return track.replace(/\.1$/, "").replace(".", " ");
}

export class TrackList {
  readonly element = h("div", { class: "tracks", role: "list", "aria-label": "Tracks" });
  private shown = "";

  constructor(
    private readonly store: Store,
    private readonly player: Player,
  ) {
    store.addEventListener("change", () => this.show());
    player.addEventListener("change", () => this.show());
  }

  private show(): void {
    const { sheet, track } = this.store;
    const rows = sheet.tracks.map(({ id, role, name, muted, program, voice }) => ({ id, role, name, muted, program, voice, isChosen: id === track, isSolo: this.player.solo.has(id) }));
    const now = JSON.stringify(rows);
    if (now !== this.shown) refill(this.element, ...rows.map((row) => this.row(row)));
    this.shown = now;
    for (const slider of this.element.querySelectorAll<HTMLInputElement>("input[type=range]")) {
      slider.value = String(this.store.level(slider.dataset.track ?? "", slider.className as "gain_db" | "pan"));
    }
  }

  private row(track: { id: string; role: string; name: string; muted: boolean; program: number; voice: string; isChosen: boolean; isSolo: boolean }): HTMLElement {
    const { id, muted, isChosen, isSolo } = track;
    const name = named(id);
    const choose = button(`Edit ${name}`, () => this.store.select(id), { class: "name", "aria-pressed": String(isChosen) }, track.name ? `${name} · ${track.name}` : name);
    choose.style.borderLeftColor = roleColour(track.role);
    const slide = (field: "gain_db" | "pan", label: string, min: string, max: string, step: string) =>
      h("input", { type: "range", min, max, step, "aria-label": `${label} of ${name}`, title: label, "data-track": id, value: String(this.store.level(id, field)), class: field,
        input: (event: Event) => void this.store.setLevel(id, field, Number((event.target as HTMLInputElement).value)) });
    return h("div", { class: isChosen ? "track chosen" : "track", role: "listitem" },
      choose,
      button(`Mute ${name}`, () => this.store.edit(`${muted ? "unmute" : "mute"} ${name}`), { class: "small", "aria-pressed": String(muted) }, "M"),
      button(`Solo ${name}`, () => this.player.toggleSolo(id), { class: "small", "aria-pressed": String(isSolo) }, "S"),
      button(`More for ${name}`, () => this.more(track), { class: "small" }, "…"),
      slide("gain_db", "Gain", "-30", "12", "0.5"),
      slide("pan", "Pan", "-1", "1", "0.05"));
  }

  private async more(track: { id: string; role: string; program: number; name: string; voice: string }): Promise<void> {
    const name = named(track.id);
    const voices = [track.voice, ...["", ...VOICES].filter((one) => one !== track.voice)];
    const voice: Field[] = track.role === "vocal" ? [{ name: "voice", label: "Voice (empty: the one that fits)", kind: "choice", choices: voices }] : [];
    const answer = await askFor(`Track ${name}`, [
      { name: "name", label: "Name", value: track.name },
      { name: "program", label: "General MIDI program (0 to 127)", value: String(track.program) },
      ...voice,
      { name: "what", label: "Then", kind: "choice", choices: ["keep it", "remove it"] },
    ], "Set");
    if (!answer) return;
    const phrases = [];
    if (answer.name !== track.name) phrases.push(`rename ${name} to "${(answer.name ?? "").replaceAll('"', "'")}"`);
    if (Number(answer.program) !== track.program) phrases.push(`program ${answer.program} of ${name}`);
    if (answer.voice !== undefined && answer.voice !== track.voice) phrases.push(`voice "${answer.voice}" of ${name}`);
    if (answer.what === "remove it") phrases.push(`remove ${name}`);
    if (phrases.length) await this.store.edit(...phrases);
  }

  async add(): Promise<void> {
    const answer = await askFor("Add a track", [
      { name: "role", label: "Role", kind: "choice", choices: ROLES },
      { name: "program", label: "General MIDI program (0 to 127)", value: "" },
    ], "Add");
    if (answer) await this.store.edit(`add ${answer.role}${answer.program ? ` program ${answer.program}` : ""}`);
  }
}
