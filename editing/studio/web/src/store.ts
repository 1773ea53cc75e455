// The page's picture of the server's state. It is never changed here: gestures go to the server, and its answer comes in.

import * as api from "./api";
import { type Sheet, type SheetChange, type Track, withChange } from "./score";

export type CellState = "empty" | "draft" | "changed" | "rendered";

export interface Level {
  gain_db: number;
  pan: number;
  room: number;
}

export interface Take {
  id: string;
  track: string;
  name: string;
  seed: number;
  bars: number[];
  heard: boolean;
}

export interface Variant {
  name: string;
  cells: [string, number][];
  stands: boolean;
}

/** The recording under the score: when its bars are heard, how sure it was written down, where the score differs. */
export interface Recording {
  id: string;
  name: string;
  duration_s: number;
  bars: ([number, number] | null)[];
  beats: number;
  keys: number[];
  chords: [number, number][];
  changed: [string, number][];
  given: { tempo_bpm?: number; octave?: "half" | "double"; meter?: [number, number]; key?: string; downbeat_s?: number };
}

export interface State {
  version: number;
  text: string;
  draft: string | null;
  cells: Record<string, [CellState, string][]>;
  levels: Record<string, Level>;
  takes: Take[];
  variants: Variant[];
  history: { steps: string[]; position: number };
  jobs: api.Job[];
  recording: Recording | null;
  renders: boolean;
}

type Answer = State & { sheet?: Sheet; sheet_change?: SheetChange; said?: string[] };

/** Bars (from one up to before another) of some tracks. */
export interface Region {
  tracks: string[];
  first: number;
  stop: number;
}

export class Store extends EventTarget {
  state!: State;
  sheet!: Sheet;
  track = "";
  regions: Region[] = []; // that are selected; the last one is the one that was selected last
  private asking: Promise<void> | null = null;
  private isStale = false; // what an answer that is on its way may be
  private last: Promise<unknown> = Promise.resolve(); // of what was sent
  private readonly setting = new Map<string, number>(); // levels that are on their way to the server

  get region(): Region | null {
    return this.regions.at(-1) ?? null;
  }

  get selectedTrack(): Track | undefined {
    return this.sheet.tracks.find((track) => track.id === this.track);
  }

  /** What names the samples of a bar of a track, or of the recording; empty where there are none. */
  soundKey(track: string, bar: number): string {
    if (track !== api.RECORDING) return this.state.cells[track]?.[bar]?.[1] ?? "";
    const span = this.state.recording?.bars[bar];
    return span ? `${this.state.recording?.id}-${span.join("-")}` : "";
  }

  /** How loud a track is in the mix, or where it stands in it, as it was set last. */
  level(track: string, field: "gain_db" | "pan"): number {
    return this.setting.get(`${track}/${field}`) ?? this.state.levels[track]?.[field] ?? 0;
  }

  /** Take in an answer of the server. */
  take(answer: Answer): void {
    if (this.state && answer.version < this.state.version) return;
    this.sheet = answer.sheet ?? withChange(this.sheet, answer.sheet_change as SheetChange);
    this.state = answer;
    if (!this.selectedTrack) this.track = this.sheet.tracks[0]?.id ?? "";
    this.regions = this.regions.flatMap(({ tracks, first, stop }) => {
      const last = Math.min(stop, this.sheet.bars.length);
      const left = tracks.filter((id) => this.sheet.tracks.some((track) => track.id === id));
      return left.length && first < last ? [{ tracks: left, first, stop: last }] : [];
    });
    if (answer.said?.length) this.say(answer.said.join(" "));
    this.dispatchEvent(new Event("change"));
  }

  /** Ask for what changed. A call while an answer is on its way, which may have been made before, asks once more. */
  refresh(): Promise<void> {
    this.isStale = true;
    this.asking ??= (async () => {
      try {
        while (this.isStale) {
          this.isStale = false;
          const since = this.state ? `?since=${this.state.version}` : "";
          this.take(await api.get<Answer>(`state${since}`));
        }
      } finally {
        this.asking = null;
      }
    })();
    return this.asking;
  }

  /** Send something to the server; false, with its sentence shown, when it refuses. */
  async send(path: string, body: object): Promise<boolean> {
    try {
      const answer = await api.post<Partial<Answer>>(path, body);
      if (answer.version !== undefined) this.take(answer as Answer);
      else await this.refresh();
      return true;
    } catch (error) {
      this.say((error as Error).message, true);
      if ((error as api.Refusal).status === 409) await this.refresh();
      return false;
    }
  }

  gesture(gesture: string, name: string, body: object): Promise<boolean> {
    return this.inTurn(() => this.send("gesture", { gesture, name, version: this.state.version, ...body }));
  }

  edit(...phrases: string[]): Promise<boolean> {
    return this.inTurn(() => this.send("edit", { phrases, version: this.state.version }));
  }

  /** Set a level; while one is on its way, only the newest of those that follow is sent. */
  async setLevel(track: string, field: "gain_db" | "pan", value: number): Promise<void> {
    const name = `${track}/${field}`;
    const isSending = this.setting.has(name);
    this.setting.set(name, value);
    if (isSending) return;
    await this.inTurn(async () => {
      let sent: number | undefined;
      while (sent !== this.setting.get(name)) {
        sent = this.setting.get(name);
        await this.send("level", { track, [field]: sent });
      }
      this.setting.delete(name);
      this.dispatchEvent(new Event("change"));
      return true;
    });
  }

  /** One change after another: each is made of what the one before came to. */
  private inTurn(send: () => Promise<boolean>): Promise<boolean> {
    const mine = this.last.then(send, send);
    this.last = mine;
    return mine;
  }

  select(track: string): void {
    this.track = track;
    this.dispatchEvent(new Event("change"));
  }

  /** Select bars of tracks, beside those that are kept. */
  setRegion(region: Region | null, kept: Region[] = []): void {
    this.regions = region ? [...kept, region] : kept;
    this.dispatchEvent(new Event("change"));
  }

  say(sentence: string, isError = false): void {
    this.dispatchEvent(new CustomEvent("say", { detail: { sentence, isError } }));
  }
}
