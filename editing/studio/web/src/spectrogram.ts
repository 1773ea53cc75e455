// The spectrogram of the recording behind the roll, bar by bar, fetched when a bar is seen.

import * as api from "./api";
import type { Store } from "./store";
import { colour, onTheme } from "./theme";

const LINES = 2; // bars that are fetched at a time
const MOST_ALPHA = 0.75;

export interface Levels {
  image: HTMLCanvasElement; // a pixel a pitch and frame, the highest pitch on top
  lowest: number;
}

export class Spectrogram extends EventTarget {
  isShown = true;
  private readonly known = new Map<string, Levels | null>(); // null while it is fetched
  private fetching = 0;

  constructor(private readonly store: Store) {
    super();
    onTheme(() => this.known.clear());
  }

  toggle(): void {
    this.isShown = !this.isShown;
    this.dispatchEvent(new Event("change"));
  }

  /** What is heard in a bar, where the recording plays it and it is at hand. */
  of(bar: number): Levels | null {
    const { recording } = this.store.state;
    const span = recording?.bars[bar];
    if (!recording || !span) return null;
    const key = `${recording.id}/${span.join("-")}`;
    const found = this.known.get(key);
    if (found === undefined && this.fetching < LINES) void this.fetch(key, bar);
    return found ?? null;
  }

  private async fetch(key: string, bar: number): Promise<void> {
    this.known.set(key, null);
    this.fetching++;
    try {
      const { levels, pitches, lowest } = await api.spectrogram(bar);
      this.known.set(key, { image: drawn(levels, pitches), lowest });
    } catch {
      // It is not drawn; the recording itself is heard all the same.
    } finally {
      this.fetching--;
      this.dispatchEvent(new Event("change"));
    }
  }
}

function drawn(levels: Uint8Array, pitches: number): HTMLCanvasElement {
  const frames = levels.length / pitches;
  const image = document.createElement("canvas");
  [image.width, image.height] = [frames, pitches];
  const context = image.getContext("2d") as CanvasRenderingContext2D;
  const pixels = context.createImageData(frames, pitches);
  const tint = Number.parseInt(colour("spectrogram").slice(1), 16);
  for (let row = 0; row < pitches; row++) {
    for (let frame = 0; frame < frames; frame++) {
      const at = 4 * ((pitches - 1 - row) * frames + frame);
      const level = (levels[row * frames + frame] ?? 0) / 255;
      pixels.data.set([tint >> 16, (tint >> 8) & 255, tint & 255, 255 * MOST_ALPHA * level ** 3], at);
    }
  }
  context.putImageData(pixels, 0, 0);
  return image;
}
