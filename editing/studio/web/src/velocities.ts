// The velocities of the selected track, a stem a note; a drag up or down changes those that begin there.

import { Lane } from "./canvas";
import type { Roll } from "./roll";
import type { Note } from "./score";
import type { Store } from "./store";
import { colour, roleColour } from "./theme";
import type { Viewport } from "./viewport";

const REACH_PX = 6;

export class Velocities extends Lane {
  private drag: { notes: Note[]; y: number; by: number } | null = null;

  constructor(
    private readonly store: Store,
    private readonly view: Viewport,
    private readonly roll: Roll,
  ) {
    super("Velocities", "velocities");
    view.follow(this.canvas);
    for (const source of [store, view]) source.addEventListener("change", () => this.redraw());
    roll.canvas.addEventListener("status", () => this.redraw());
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
  }

  protected draw(context: CanvasRenderingContext2D): void {
    const track = this.store.selectedTrack;
    const changed = new Set(this.drag?.notes);
    for (const note of track?.notes ?? []) {
      const x = this.view.x(note[0]);
      if (x < -4 || x > this.width) continue;
      const velocity = changed.has(note) ? Math.min(127, Math.max(1, note[3] + (this.drag?.by ?? 0))) : note[3];
      const height = (velocity / 127) * (this.height - 4);
      context.fillStyle = changed.has(note) || this.roll.isSelected(note) ? colour("selected") : roleColour(track?.role ?? "");
      context.fillRect(x, this.height - height, 3, height);
    }
  }

  private press(event: PointerEvent): void {
    const near = (this.store.selectedTrack?.notes ?? []).filter((note) => Math.abs(this.view.x(note[0]) - event.offsetX) < REACH_PX);
    const chosen = near.filter((note) => this.roll.isSelected(note));
    if (!near.length) return;
    this.drag = { notes: chosen.length ? this.roll.selection : near, y: event.offsetY, by: 0 };
    this.canvas.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent) => {
      if (this.drag) this.drag.by = Math.round(((this.drag.y - now.offsetY) / (this.height - 4)) * 127);
      this.redraw();
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", () => {
      this.canvas.removeEventListener("pointermove", move);
      void this.release();
    }, { once: true });
  }

  private async release(): Promise<void> {
    const { drag } = this;
    if (drag?.by) {
      const notes = drag.notes.map((note) => [note[0], note[1]]);
      const name = `velocity of ${notes.length} note${notes.length > 1 ? "s" : ""}`;
      await this.store.gesture("change_velocities", name, { track: this.store.track, notes, by: drag.by });
    }
    this.drag = null;
    this.redraw();
  }
}
