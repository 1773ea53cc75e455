// Which ticks are seen, and how wide: one for all lanes, so that they scroll and zoom together.

const LEAST = 0.05;
const MOST = 40;

export class Viewport extends EventTarget {
  start = 0;
  pxPerTick = 1;

  x(ticks: number): number {
    return (ticks - this.start) * this.pxPerTick;
  }

  ticks(x: number): number {
    return x / this.pxPerTick + this.start;
  }

  /** Zoom by a factor with what is at `x` staying there. */
  zoom(factor: number, x: number): void {
    const at = this.ticks(x);
    this.pxPerTick = Math.min(MOST, Math.max(LEAST, this.pxPerTick * factor));
    this.scrollTo(at - x / this.pxPerTick);
  }

  scrollTo(ticks: number): void {
    this.start = Math.max(0, ticks);
    this.dispatchEvent(new Event("change"));
  }

  /** Scroll so that a tick is seen in a lane of so many pixels. */
  show(ticks: number, width: number): void {
    if (this.x(ticks) < 0 || this.x(ticks) > width * 0.95) this.scrollTo(ticks - (0.1 * width) / this.pxPerTick);
  }

  /** Let a lane scroll and zoom with the wheel. */
  follow(lane: HTMLElement): void {
    lane.addEventListener(
      "wheel",
      (event) => {
        const sideways = event.shiftKey ? event.deltaY : event.deltaX;
        if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 300), event.offsetX);
        else if (sideways) this.scrollTo(this.start + sideways / this.pxPerTick);
        else return;
        event.preventDefault();
      },
      { passive: false },
    );
  }
}
