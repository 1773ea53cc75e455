// Peaks of bars, for drawing: fetched for many bars at a time when they are seen, and again when they sound otherwise.

import * as api from "./api";
import type { Store } from "./store";

const WAIT_MS = 40; // in which bars that are seen together come together
const MOST_BARS = 32; // of a track at a time

export class Peaks extends EventTarget {
  private readonly known = new Map<string, { key: string; peaks: Float32Array }>();
  private readonly wanted = new Map<string, Set<number>>(); // bars by track
  private isFetching = false;

  constructor(private readonly store: Store) {
    super();
  }

  /** The peaks of a bar as they are at hand, which may be of an earlier version; undefined where nothing sounds. */
  of(track: string, bar: number): Float32Array | undefined {
    const key = this.store.soundKey(track, bar);
    const found = this.known.get(`${track}/${bar}`);
    if (key && found?.key !== key) this.want(track, bar);
    return key ? found?.peaks : undefined;
  }

  private want(track: string, bar: number): void {
    const bars = this.wanted.get(track) ?? new Set();
    this.wanted.set(track, bars.add(bar));
    if (this.isFetching) return;
    this.isFetching = true;
    window.setTimeout(() => void this.fetchAll(), WAIT_MS);
  }

  private async fetchAll(): Promise<void> {
    for (let next = this.next(); next; next = this.next()) {
      const { track, first, stop } = next;
      const keys = Array.from({ length: stop - first }, (_, i) => this.store.soundKey(track, first + i));
      try {
        const all = await api.peaks(track, first, stop);
        const size = all.length / keys.length;
        keys.forEach((key, i) => this.known.set(`${track}/${first + i}`, { key, peaks: all.subarray(i * size, (i + 1) * size) }));
        this.dispatchEvent(new Event("change"));
      } catch {
        // The next change, or the next look, asks again.
      }
    }
    this.isFetching = false;
  }

  /** Bars of a track that follow one another and are wanted. */
  private next(): { track: string; first: number; stop: number } | null {
    for (const [track, bars] of this.wanted) {
      const stale = [...bars].filter((bar) => this.store.soundKey(track, bar) !== this.known.get(`${track}/${bar}`)?.key);
      const first = stale.length ? Math.min(...stale) : -1;
      if (first < 0 || !this.store.soundKey(track, first)) {
        this.wanted.delete(track);
        continue;
      }
      let stop = first;
      while (bars.has(stop) && stop < first + MOST_BARS && stop < this.store.sheet.bars.length) bars.delete(stop++);
      return { track, first, stop };
    }
    return null;
  }
}
