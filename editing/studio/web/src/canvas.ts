// Canvases that are drawn at most once a frame, at the pixels of the screen.

import { onTheme } from "./theme";

export abstract class Lane {
  readonly canvas = document.createElement("canvas");
  protected width = 0;
  protected height = 0;
  private waits = false;

  constructor(label: string, className: string) {
    this.canvas.className = `lane ${className}`;
    this.canvas.setAttribute("aria-label", label);
    this.canvas.setAttribute("role", "application");
    this.canvas.tabIndex = 0;
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    onTheme(() => this.redraw());
  }

  /** Draw again before the next frame. */
  redraw(): void {
    if (this.waits) return;
    this.waits = true;
    requestAnimationFrame(() => {
      this.waits = false;
      const context = this.canvas.getContext("2d");
      if (!context || !this.width) return;
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      this.draw(context);
    });
  }

  protected abstract draw(context: CanvasRenderingContext2D): void;

  private resize(): void {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * devicePixelRatio);
    this.canvas.height = Math.round(this.height * devicePixelRatio);
    this.redraw();
  }
}

/** Draw peaks from `x` on, a column each, or where they are denser than pixels the largest of those that share one. */
export function drawPeaks(context: CanvasRenderingContext2D, peaks: ArrayLike<number>, x: number, width: number, top: number, height: number): void {
  const columns = Math.max(1, Math.min(peaks.length, Math.floor(width)));
  for (let column = 0; column < columns; column++) {
    const stop = Math.floor(((column + 1) * peaks.length) / columns);
    let peak = 0;
    for (let i = Math.floor((column * peaks.length) / columns); i < stop; i++) peak = Math.max(peak, peaks[i] as number);
    const size = Math.max(1, Math.min(1, Math.sqrt(peak)) * height);
    context.fillRect(x + (column * width) / columns, top + (height - size) / 2, Math.max(1, width / columns), size);
  }
}
