// The waveform of what is heard: of the tracks together, or of the recording in their place.

import { RECORDING } from "./api";
import { drawPeaks } from "./canvas";
import { TimeLane } from "./lanes";
import type { Peaks } from "./peaks";
import type { Player } from "./player";
import { barAt, barEnd } from "./score";
import type { Store } from "./store";
import { colour } from "./theme";
import type { Viewport } from "./viewport";

export class Mix extends TimeLane {
  constructor(
    store: Store,
    view: Viewport,
    player: Player,
    private readonly peaks: Peaks,
  ) {
    super("Mix", "mix", store, view, player);
    peaks.addEventListener("change", () => this.redraw());
    this.canvas.addEventListener("click", (event) => player.seek(Math.min(view.ticks(event.offsetX), store.sheet.end_ticks)));
  }

  protected draw(context: CanvasRenderingContext2D): void {
    const { sheet } = this.store;
    context.fillStyle = colour("dim");
    for (let bar = barAt(sheet, this.view.ticks(0)); bar < sheet.bars.length; bar++) {
      const x = this.view.x(sheet.bars[bar]?.start_ticks ?? 0);
      if (x > this.width) break;
      drawPeaks(context, this.together(bar), x, this.view.x(barEnd(sheet, bar)) - x, 2, this.height - 4);
    }
    this.drawCursor(context);
  }

  /** Peaks of a bar at the levels of the mixer; of tracks together as of sounds that know nothing of one another. */
  private together(bar: number): number[] {
    const squares: number[] = [];
    for (const id of [...this.store.sheet.tracks.map((track) => track.id), RECORDING]) {
      if (!this.player.isHeard(id)) continue;
      const gain = 10 ** ((this.store.state.levels[id]?.gain_db ?? 0) / 10);
      this.peaks.of(id, bar)?.forEach((peak, i) => (squares[i] = (squares[i] ?? 0) + gain * peak * peak));
    }
    return squares.map(Math.sqrt);
  }
}
