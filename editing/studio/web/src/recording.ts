// The recording under the score: how sure it was written down, corrections by hand, and changes of its sound.

import { askFor, button, h, refill } from "./dom";
import { DOUBTFUL } from "./lanes";
import type { Player } from "./player";
import { barAt, secondsAt } from "./score";
import type { Spectrogram } from "./spectrogram";
import type { Recording, Store } from "./store";

const percent = (share: number): string => `${Math.round(100 * share)} %`;

export class RecordingPanel {
  readonly element = h("div", { role: "region", "aria-label": "Recording", class: "list" });

  constructor(
    private readonly store: Store,
    private readonly player: Player,
    private readonly spectrogram: Spectrogram,
  ) {
    for (const source of [store, player, spectrogram]) source.addEventListener("change", () => this.show());
  }

  private show(): void {
    const { recording } = this.store.state;
    if (!recording) {
      refill(this.element, h("p", { class: "hint" }, "Drop a recording on the page: it is written down, and lies under the score."));
      return;
    }
    const doubts = recording.chords.filter(([, sure]) => sure < DOUBTFUL);
    const names = new Map(this.store.sheet.chords.map(([tick, name]) => [tick, name]));
    refill(
      this.element,
      h("h3", {}, recording.name),
      h("p", {}, `${recording.duration_s.toFixed(1)} s; beats ${percent(recording.beats)} sure${recording.keys.length ? `, keys ${percent(Math.min(...recording.keys))} and more` : ""}.`),
      h("ul", {},
        h("li", {}, button("Hear the recording", () => this.player.toggleRecording(), { "aria-pressed": String(this.player.hearsRecording) })),
        h("li", {}, button("Spectrogram in the roll", () => this.spectrogram.toggle(), { "aria-pressed": String(this.spectrogram.isShown) })),
        h("li", {}, button("Correct…", () => this.correct(recording))),
        h("li", {}, button("Inpaint…", () => this.inpaint(recording), recording.changed.length ? {} : { disabled: true }))),
      h("p", { class: "hint" }, recording.changed.length ? `The score differs from the recording in ${recording.changed.length} bars of tracks.` : "The score says what the recording plays."),
      ...(doubts.length ? [h("h3", {}, "Doubtful chords")] : []),
      h("ul", {}, ...doubts.map(([tick, sure]) => h("li", {}, button(`bar ${barAt(this.store.sheet, tick) + 1}: ${names.get(tick)}, ${percent(sure)} sure`, () => this.player.seek(tick))))));
  }

  /** Where the cursor is in the recording, in seconds. */
  private cursorS(recording: Recording): number {
    const { sheet } = this.store;
    const now = this.player.now();
    const bar = barAt(sheet, now);
    const into = secondsAt(sheet, now) - (sheet.bars[bar]?.start_s ?? 0);
    return (recording.bars[bar]?.[0] ?? 0) + into;
  }

  private async correct(recording: Recording): Promise<void> {
    const { given } = recording;
    const answer = await askFor("What is known of the recording", [
      { name: "tempo", label: "Tempo (quarter notes a minute; or half, double)", value: given.octave ?? (given.tempo_bpm ? String(given.tempo_bpm) : "") },
      { name: "meter", label: "Meter (4/4, 3/4, 6/8)", value: given.meter?.join("/") ?? "" },
      { name: "key", label: "Key (Eb:maj)", value: given.key ?? "" },
      { name: "downbeat", label: `A bar begins at (seconds; the cursor is at ${this.cursorS(recording).toFixed(2)})`, value: given.downbeat_s !== undefined ? String(given.downbeat_s) : "" },
    ], "Write it down anew", ["What is left empty is found out again. Single chords, notes and words are corrected in their lanes."]);
    if (!answer) return;
    await this.store.send("transcribe", {
      ...tempoOf(answer.tempo ?? ""), ...(answer.meter ? { meter: answer.meter.split("/").map(Number) } : {}),
      ...(answer.key ? { key: answer.key } : {}), ...(answer.downbeat ? { downbeat_s: Number(answer.downbeat) } : {}),
    });
  }

  private async inpaint(recording: Recording): Promise<void> {
    const isSung = recording.changed.some(([track]) => track.startsWith("vocal"));
    const answer = await askFor("Change the recording where the score was changed", [
      { name: "seed", label: "Seed", value: "1" },
      ...(isSung ? [{ name: "consent", label: "Whose voice is in it, and that they agreed to sing this" }] : []),
    ], "Inpaint", ["Every other sample stays as it is. Undo brings the recording of before back."]);
    if (answer) await this.store.send("inpaint", { seed: Number(answer.seed) || 1, consent: answer.consent ?? "" });
  }
}

/** A tempo as the server reads it: a number, or an octave of the one that is found. */
function tempoOf(text: string): { tempo_bpm?: number; octave?: string } {
  if (text === "half" || text === "double") return { octave: text };
  return text ? { tempo_bpm: Number(text) } : {};
}
