// Files that are dropped or chosen: sent, looked at, and opened when somebody has read what they hold.

import * as api from "./api";
import { askFor, h } from "./dom";
import type { Store } from "./store";
import { named } from "./tracks";

const WRITE_DOWN = "write it down as the score";
const CONVERT = "give the recording this voice";

export class Files {
  constructor(private readonly store: Store) {
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.open(event.dataTransfer?.files[0]);
    });
  }

  choose(): void {
    const chosen = h("input", { type: "file", "aria-label": "File to open" });
    chosen.addEventListener("change", () => void this.open(chosen.files?.[0]));
    chosen.click();
  }

  private async open(file: File | undefined): Promise<void> {
    if (!file) return;
    this.store.say(`${file.name} is read …`);
    try {
      const sent = await api.upload(file);
      await (sent.kind === "score" ? this.openScore(sent) : this.openSound(sent));
    } catch (error) {
      this.store.say((error as Error).message, true);
    }
  }

  private async openScore({ upload, name, bars, tracks, notes, said }: api.Upload): Promise<void> {
    const lost = said.length ? said : ["Nothing of it is lost."];
    const answer = await askFor(`Open ${name}`, [], "Open it", [`${bars} bars, ${tracks} tracks, ${notes} notes, in the place of the score; undo brings that back.`, ...lost]);
    if (answer) await this.store.send("open", { upload, what: "score" });
  }

  private async openSound({ upload, name, kind, duration_s }: api.Upload): Promise<void> {
    const { selectedTrack, state } = this.store;
    const sing = selectedTrack?.role === "vocal" ? `sing ${named(selectedTrack.id)} in this voice` : "";
    const choices = [...(kind === "recording" ? [WRITE_DOWN] : []), ...(sing ? [sing] : []), ...(state.recording ? [CONVERT] : [])];
    if (!choices.length) {
      this.store.say(`${name} is a voice: select a vocal track that it is to sing, then drop it again.`, true);
      return;
    }
    const length = duration_s ? `${duration_s.toFixed(1)} s of sound. ` : "";
    const answer = await askFor(name, [
      { name: "what", label: "What to do with it", kind: "choice", choices },
      { name: "consent", label: "Whose voice it is, and that they agreed (for a voice)" },
    ], "Do it", [`${length}A voice is taken from 3 to 30 seconds of singing or speech.`]);
    if (!answer) return;
    const what = answer.what === WRITE_DOWN ? "recording" : answer.what === CONVERT ? "convert" : "sing";
    await this.store.send("open", { upload, what, track: selectedTrack?.id ?? "", consent: answer.consent });
  }
}
