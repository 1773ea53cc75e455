// What is done to the bars that are selected, and to the whole song.

import * as api from "./api";
import { askFor, button, h } from "./dom";
import type { Player } from "./player";
import type { Region, Store } from "./store";
import { named } from "./tracks";

const FORMATS = ["lead", "mid", "musicxml", "abc", "json", "wav", "flac", "mp3", "dawproject", "lrc", "studio.zip"];

export class Actions {
  readonly element = h("div", { class: "actions", role: "toolbar", "aria-label": "Selected bars" });
  private last = 0; // of the seeds that were given

  constructor(
    private readonly store: Store,
    private readonly player: Player,
  ) {
    store.addEventListener("change", () => this.show());
  }

  private show(): void {
    const { regions } = this.store;
    const [region] = regions;
    if (!region) {
      this.element.replaceChildren(h("span", { class: "hint" }, "Drag over bars of the tracks to select them; with Ctrl, more of them."));
      return;
    }
    const one = regions.length === 1 ? region : null;
    this.element.replaceChildren(
      h("span", { class: "where", role: "status" }, regions.map((each) => `${this.tracks(each)}, ${this.inWords(each)}`).join("; ")),
      button("Infill", () => this.write("infill")),
      button("Vary", () => this.write("vary")),
      button("Another take", () => this.takes()),
      button("Loop", () => this.loop()),
      button("Transpose…", () => this.phrase("transpose", "Semitones (+2, -12)", "+2")),
      button("Chords…", () => this.phrase("chords", "Chords, one a bar", "C G Am F")),
      button("Words…", () => this.phrase("lyrics", "Words, a syllable a note", "")),
      button("Clear", () => this.store.edit(...regions.map((each) => `clear in bars ${this.bars(each)} of ${this.tracks(each)}`))),
      ...(one ? [
        button("Section…", () => this.phrase("section", "verse, chorus, bridge …", "verse")),
        button("Duplicate", () => this.store.edit(`repeat x2 in bars ${this.bars(one)}`)),
        button("Move…", () => this.move(one)),
        button("Delete bars", () => this.store.edit(`delete in bars ${this.bars(one)}`)),
      ] : []),
    );
  }

  private inWords(region: Region): string {
    return region.first + 1 === region.stop ? `bar ${region.stop}` : `bars ${this.bars(region)}`;
  }

  /** A seed that no take and no variant has had. */
  private newSeed(): number {
    const { takes, variants } = this.store.state;
    const named = variants.map((variant) => Number(/\d+$/.exec(variant.name)?.[0] ?? 0));
    this.last = 1 + Math.max(this.last, ...takes.map((take) => take.seed), ...named);
    return this.last;
  }

  private bars(region: Region): string {
    return `${region.first + 1}-${region.stop}`;
  }

  private tracks(region: Region): string {
    return region.tracks.map(named).join(", ");
  }

  /** Let the model write the selected bars anew, or vary them. */
  async write(what: "infill" | "vary"): Promise<void> {
    const cells = this.store.regions.flatMap(({ tracks, first, stop }) =>
      tracks.flatMap((track) => Array.from({ length: stop - first }, (_, i): [string, number] => [track, first + i])));
    const once = [...new Map(cells.map((cell) => [cell.join("/"), cell])).values()];
    if (once.length) await this.store.send("write", { what, cells: once, seed: this.newSeed() });
  }

  /** Let the model play the selected bars anew. */
  async takes(): Promise<void> {
    const seed = this.newSeed();
    for (const { tracks, first, stop } of this.store.regions)
      for (const track of tracks) await this.store.send("take", { track, bars: [first, stop], seed });
  }

  /** Play the bars that were selected last again and again, or no longer. */
  loop(): void {
    const { loop } = this.player;
    const region = this.store.region ?? { first: 0, stop: this.store.sheet.bars.length };
    const isSame = loop?.first === region.first && loop.stop === region.stop;
    this.player.setLoop(isSame ? null : { first: region.first, stop: region.stop });
  }

  private async move(region: Region): Promise<void> {
    const last = this.store.sheet.bars.length;
    const answer = await askFor(`Move bars ${this.bars(region)}`, [{ name: "before", label: `Before bar (1 to ${last}, or end)`, value: "1" }], "Move");
    const before = answer?.before?.trim();
    if (before) await this.store.edit(`move in bars ${this.bars(region)} ${before === "end" ? "at end" : `before ${before}`}`);
  }

  private async phrase(verb: string, label: string, value: string): Promise<void> {
    const { regions } = this.store;
    const answer = await askFor(`${verb}, ${regions.map((each) => this.inWords(each)).join(", ")}`, [{ name: "text", label, value }], "Do it");
    const text = answer?.text?.trim().replaceAll('"', "'");
    if (!text) return;
    const forms: Record<string, (where: string, tracks: string) => string> = {
      transpose: (where, tracks) => `transpose ${text} ${where} of ${tracks}`,
      chords: (where) => `chords "${text}" ${where}`,
      lyrics: (where, tracks) => `lyrics "${text}" ${where} of ${tracks}`,
      section: (where) => `section ${text} ${where}`,
    };
    await this.store.edit(...regions.map((each) => (forms[verb] as (where: string, tracks: string) => string)(`in bars ${this.bars(each)}`, this.tracks(each))));
  }

  async compose(): Promise<void> {
    const asked = await askFor("Compose", [{ name: "prompt", label: "What, in words", kind: "long", value: "laid-back bossa nova in A minor for flute, guitar, bass and drums, 16 bars" }], "Plan");
    if (!asked?.prompt) return;
    try {
      const seed = this.newSeed();
      const { plan } = await api.post<{ plan: string }>("plan", { what: "compose", prompt: asked.prompt, seed });
      const read = await askFor("The plan", [{ name: "plan", label: "Change what you like", kind: "long", value: plan }], "Write it");
      if (read?.plan) await this.store.send("write", { what: "compose", prompt: "", plan: read.plan, seed });
    } catch (error) {
      this.store.say((error as Error).message, true);
    }
  }

  async more(): Promise<void> {
    const answer = await askFor("Let the model go on", [
      { name: "what", label: "What", kind: "choice", choices: ["continue", "accompany", "harmonise"] },
      { name: "bars", label: "Bars (continue)", value: "8" },
      { name: "tracks", label: "Tracks (accompany)", value: "piano bass drums" },
    ], "Write it");
    if (answer) await this.store.send("write", { what: answer.what, bars: Number(answer.bars), tracks: answer.tracks, seed: this.newSeed() });
  }

  async save(): Promise<void> {
    const name = (this.store.sheet.title || "song").replace(/[^\w-]+/g, "-").toLowerCase();
    const answer = await askFor("Export", [{ name: "format", label: "Format", kind: "choice", choices: FORMATS }], "Export");
    if (!answer) return;
    const target = h("a", { href: api.link(`export/${name}.${answer.format}`), download: `${name}.${answer.format}` });
    target.click();
  }
}
