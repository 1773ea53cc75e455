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
    const { region } = this.store;
    if (!region) {
      this.element.replaceChildren(h("span", { class: "hint" }, "Drag over bars of the tracks to select them."));
      return;
    }
    const bars = region.first + 1 === region.stop ? `bar ${region.stop}` : `bars ${region.first + 1}-${region.stop}`;
    this.element.replaceChildren(
      h("span", { class: "where", role: "status" }, `${region.tracks.map(named).join(", ")}, ${bars}`),
      button("Infill", () => this.write(region, "infill")),
      button("Vary", () => this.write(region, "vary")),
      button("Another take", () => this.takes(region)),
      button("Loop", () => this.loop(region)),
      button("Transpose…", () => this.phrase(region, "transpose", "Semitones (+2, -12)", "+2")),
      button("Chords…", () => this.phrase(region, "chords", "Chords, one a bar", "C G Am F")),
      button("Words…", () => this.phrase(region, "lyrics", "Words, a syllable a note", "")),
      button("Section…", () => this.phrase(region, "section", "verse, chorus, bridge …", "verse")),
      button("Duplicate", () => this.store.edit(`repeat x2 in bars ${this.bars(region)}`)),
      button("Clear", () => this.store.edit(`clear in bars ${this.bars(region)} of ${this.tracks(region)}`)),
      button("Delete bars", () => this.store.edit(`delete in bars ${this.bars(region)}`)),
    );
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

  private async write(region: Region, what: string): Promise<void> {
    const cells = region.tracks.flatMap((track) => Array.from({ length: region.stop - region.first }, (_, i) => [track, region.first + i]));
    await this.store.send("write", { what, cells, seed: this.newSeed() });
  }

  private async takes(region: Region): Promise<void> {
    const seed = this.newSeed();
    for (const track of region.tracks) await this.store.send("take", { track, bars: [region.first, region.stop], seed });
  }

  private loop(region: Region): void {
    const { loop } = this.player;
    const isSame = loop?.first === region.first && loop.stop === region.stop;
    this.player.loop = isSame ? null : { first: region.first, stop: region.stop };
    this.player.dispatchEvent(new Event("change"));
  }

  private async phrase(region: Region, verb: string, label: string, value: string): Promise<void> {
    const answer = await askFor(`${verb}, bars ${this.bars(region)}`, [{ name: "text", label, value }], "Do it");
    const text = answer?.text?.trim().replaceAll('"', "'");
    if (!text) return;
    const where = `in bars ${this.bars(region)}`;
    const forms: Record<string, string> = {
      transpose: `transpose ${text} ${where} of ${this.tracks(region)}`,
      chords: `chords "${text}" ${where}`,
      lyrics: `lyrics "${text}" ${where} of ${this.tracks(region)}`,
      section: `section ${text} ${where}`,
    };
    await this.store.edit(forms[verb] as string);
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
