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
