// The tracks as rows of bars: what each sounds like, whether it is as the model played it, and which are selected.

import { drawPeaks } from "./canvas";
import { TimeLane } from "./lanes";
import type { Peaks } from "./peaks";
import type { Player } from "./player";
import { barAt, barEnd } from "./score";
import type { Region, Store } from "./store";
import { colour, roleColour } from "./theme";
import type { Viewport } from "./viewport";

export const ROW = 46;

export class Grid extends TimeLane {
  private anchor = { row: 0, bar: 0 };
  private head = { row: 0, bar: 0 };
  private kept: Region[] = []; // beside what is being selected

  constructor(
    store: Store,
    view: Viewport,
    player: Player,
    private readonly peaks: Peaks,
  ) {
    super("Bars of all tracks", "grid", store, view, player);
    peaks.addEventListener("change", () => this.redraw());
    store.addEventListener("change", () => (this.canvas.style.height = `${Math.max(1, store.sheet.tracks.length) * ROW}px`));
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  protected draw(context: CanvasRenderingContext2D): void {
    const { sheet, state } = this.store;
    const first = barAt(sheet, this.view.ticks(0));
    const differs = new Set((state.recording?.changed ?? []).map((cell) => cell.join("/")));
    context.font = "10px system-ui, sans-serif";
    sheet.tracks.forEach((track, row) => {
      const y = row * ROW;
      context.globalAlpha = this.player.isHeard(track.id) ? 1 : 0.4;
      for (let bar = first; bar < sheet.bars.length; bar++) {
        const x = this.view.x(sheet.bars[bar]?.start_ticks ?? 0);
        if (x > this.width) break;
        const width = this.view.x(barEnd(sheet, bar)) - x - 1;
        const [kind] = state.cells[track.id]?.[bar] ?? ["empty"];
        if (kind !== "empty") {
          context.fillStyle = colour(kind);
          context.fillRect(x, y + 1, width, ROW - 2);
        }
        if (differs.has(`${track.id}/${bar}`)) this.drawCorner(context, x, y);
        this.drawSound(context, track.id, roleColour(track.role), bar, x, y, width);
      }
      context.globalAlpha = 1;
      context.fillStyle = colour(track.id === this.store.track ? "row-chosen" : "row-line");
      context.fillRect(0, y + ROW - 1, this.width, 1);
    });
    for (const job of state.jobs) if (job.state === "running") this.drawJob(context, job.about);
    this.drawRegion(context);
    this.drawCursor(context);
  }

  /** The mark of bars in which the score differs from what the recording plays. */
  private drawCorner(context: CanvasRenderingContext2D, x: number, y: number): void {
    context.fillStyle = colour("accent");
    context.beginPath();
    context.moveTo(x, y + 1);
    context.lineTo(x + 9, y + 1);
    context.lineTo(x, y + 10);
    context.fill();
  }

  private drawSound(context: CanvasRenderingContext2D, track: string, colour: string, bar: number, x: number, y: number, width: number): void {
    const peaks = this.peaks.of(track, bar);
    if (!peaks) return;
    context.fillStyle = colour;
    drawPeaks(context, peaks, x, width, y + 4, ROW - 8);
  }

  private drawJob(context: CanvasRenderingContext2D, about: { track?: string; tracks?: string[]; bars?: number[] }): void {
    const { sheet } = this.store;
    const names = about.tracks ?? (about.track ? [about.track] : []);
    context.strokeStyle = colour("work");
    context.setLineDash([4, 3]);
    sheet.tracks.forEach((track, row) => {
      if (!names.includes(track.id)) return;
      const first = about.bars?.length ? Math.min(...about.bars) : 0;
      const last = about.bars?.length ? Math.max(...about.bars) : sheet.bars.length - 1;
      const x = this.view.x(sheet.bars[first]?.start_ticks ?? 0);
      context.strokeRect(x + 1.5, row * ROW + 2.5, this.view.x(barEnd(sheet, Math.min(last, sheet.bars.length - 1))) - x - 4, ROW - 6);
    });
    context.setLineDash([]);
  }

  private drawRegion(context: CanvasRenderingContext2D): void {
    for (const region of this.store.regions) this.drawOne(context, region);
  }

  private drawOne(context: CanvasRenderingContext2D, region: Region): void {
    const { sheet } = this.store;
    const x = this.view.x(sheet.bars[region.first]?.start_ticks ?? 0);
    const width = this.view.x(barEnd(sheet, region.stop - 1)) - x;
    context.strokeStyle = colour("accent");
    context.fillStyle = colour("region");
    context.lineWidth = 2;
    sheet.tracks.forEach((track, row) => {
      if (!region.tracks.includes(track.id)) return;
      context.fillRect(x, row * ROW, width, ROW);
      context.strokeRect(x + 1, row * ROW + 1, width - 2, ROW - 2);
    });
    context.lineWidth = 1;
  }

  private place(event: PointerEvent): { row: number; bar: number } {
    const { sheet } = this.store;
    const row = Math.min(sheet.tracks.length - 1, Math.max(0, Math.floor(event.offsetY / ROW)));
    return { row, bar: barAt(sheet, Math.min(this.view.ticks(event.offsetX), sheet.end_ticks - 1)) };
  }

  private press(event: PointerEvent): void {
    const at = this.place(event);
    if (at.row < 0) return;
    if (!event.shiftKey) this.anchor = at;
    this.kept = event.ctrlKey || event.metaKey ? this.store.regions : [];
    this.select(at);
    this.canvas.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent) => this.select(this.place(now));
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", () => this.canvas.removeEventListener("pointermove", move), { once: true });
  }

  private select(head: { row: number; bar: number }): void {
    const { sheet } = this.store;
    this.head = head;
    const [low, high] = [this.anchor.row, head.row].sort((a, b) => a - b) as [number, number];
    const [first, last] = [this.anchor.bar, head.bar].sort((a, b) => a - b) as [number, number];
    this.store.track = sheet.tracks[head.row]?.id ?? this.store.track;
    this.store.setRegion({ tracks: sheet.tracks.slice(low, high + 1).map((track) => track.id), first, stop: last + 1 }, this.kept);
  }

  private key(event: KeyboardEvent): void {
    const { sheet } = this.store;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Escape") {
      this.kept = [];
      this.store.setRegion(null);
    } else if (event.key === "Enter") this.kept = this.store.regions;
    else if (step) {
      const row = Math.min(sheet.tracks.length - 1, Math.max(0, this.head.row + (step[0] as number)));
      const bar = Math.min(sheet.bars.length - 1, Math.max(0, this.head.bar + (step[1] as number)));
      if (!event.shiftKey) this.anchor = { row, bar };
      this.select({ row, bar });
      this.view.show(sheet.bars[bar]?.start_ticks ?? 0, this.width);
    } else return;
    event.preventDefault();
  }
}
