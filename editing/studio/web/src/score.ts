// What the server says of a score (editing/studio/view.py), and arithmetic on it. Ticks: 24 to a quarter note.

export const TICKS_PER_QUARTER = 24;
export const SAMPLE_RATE = 44100;

/** start_ticks, pitch, duration_ticks, velocity, and the syllable where there is one. */
export type Note = [number, number, number, number, string?];

export interface Track {
  id: string;
  role: string;
  name: string;
  program: number;
  muted: boolean;
  voice: string;
  notes: Note[];
}

export interface Bar {
  start_ticks: number;
  start_s: number;
  beat_ticks: number;
  meter?: string;
  key?: string;
  section?: string;
}

export interface Sheet {
  title: string;
  duration_s: number;
  end_ticks: number;
  pickup_ticks: number;
  bars: Bar[];
  tempos: [number, number][];
  chords: [number, string, number[]][]; // with pitch classes, the bass first
  tracks: Track[];
}

export type SheetChange = Partial<Omit<Sheet, "tracks">> & { tracks: Track[]; track_ids: string[] };

/** A sheet with the parts of it that changed. */
export function withChange(sheet: Sheet, change: SheetChange): Sheet {
  const { tracks, track_ids, ...rest } = change;
  const known = new Map([...sheet.tracks, ...tracks].map((track) => [track.id, track]));
  return { ...sheet, ...rest, tracks: track_ids.map((id) => known.get(id)).filter((track) => track !== undefined) };
}

/** The index of the last entry that begins at or before a value; -1 before the first. */
export function lastAt<T>(entries: readonly T[], value: number, start: (entry: T) => number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (start(entries[middle] as T) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function barAt(sheet: Sheet, ticks: number): number {
  return Math.max(0, lastAt(sheet.bars, ticks, (bar) => bar.start_ticks));
}

export function barEnd(sheet: Sheet, bar: number): number {
  return sheet.bars[bar + 1]?.start_ticks ?? sheet.end_ticks;
}

export function barEndS(sheet: Sheet, bar: number): number {
  return sheet.bars[bar + 1]?.start_s ?? sheet.duration_s;
}

/** Samples of a bar as the server cuts them (takes.bar_samples): the last one rings on for two seconds. */
export function barSamples(sheet: Sheet, bar: number): [number, number] {
  const tail = bar + 1 === sheet.bars.length ? 2 : 0;
  const start = sheet.bars[bar]?.start_s ?? 0;
  return [Math.round(start * SAMPLE_RATE), Math.round((barEndS(sheet, bar) + tail) * SAMPLE_RATE)];
}

function ticksToS(ticks: number, bpm: number): number {
  return (ticks * 60) / (bpm * TICKS_PER_QUARTER);
}

export function secondsAt(sheet: Sheet, ticks: number): number {
  let seconds = 0;
  for (let i = 0; i < sheet.tempos.length; i++) {
    const [start, bpm] = sheet.tempos[i] as [number, number];
    const stop = sheet.tempos[i + 1]?.[0] ?? Infinity;
    if (ticks <= start) break;
    seconds += ticksToS(Math.min(ticks, stop) - start, bpm);
  }
  return seconds;
}

export function ticksAt(sheet: Sheet, seconds: number): number {
  let left = seconds;
  for (let i = 0; i < sheet.tempos.length; i++) {
    const [start, bpm] = sheet.tempos[i] as [number, number];
    const stop = sheet.tempos[i + 1]?.[0] ?? Infinity;
    const length = ticksToS(stop - start, bpm);
    if (left <= length) return start + (left * bpm * TICKS_PER_QUARTER) / 60;
    left -= length;
  }
  return 0;
}

const NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

export function pitchName(pitch: number): string {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function isBlackKey(pitch: number): boolean {
  return [1, 3, 6, 8, 10].includes(pitch % 12);
}

/** The General MIDI names of the drums that are drawn, from the lowest row up. */
export const DRUMS: [number, string][] = [
  [36, "kick"], [38, "snare"], [37, "side stick"], [39, "clap"], [42, "closed hat"], [44, "pedal hat"],
  [46, "open hat"], [41, "floor tom"], [45, "low tom"], [48, "mid tom"], [50, "high tom"], [49, "crash"],
  [51, "ride"], [53, "ride bell"], [54, "tambourine"], [56, "cowbell"], [70, "shaker"],
];

export function drumRows(track: Track): [number, string][] {
  const known = new Set(DRUMS.map(([pitch]) => pitch));
  const others = [...new Set(track.notes.map((note) => note[1]))].filter((pitch) => !known.has(pitch)).sort((a, b) => a - b);
  return [...DRUMS, ...others.map((pitch): [number, string] => [pitch, `drum ${pitch}`])];
}
