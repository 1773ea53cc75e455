// The piano roll of the selected track, drums as a grid, the other tracks as ghosts.
//
// Mouse: drag on nothing selects; a double click draws a note, and on a note takes it out; a drag moves, at a note's end
// resizes; Alt leaves the grid; with the pen a drag draws. Keys: arrows move the selection (Shift: length and octaves) or,
// without one, the cursor; Enter draws at the cursor; Delete, Ctrl+A, C, X, V; [ and ] velocity; Escape selects nothing.

import type { Player } from "./player";
import { RollView } from "./roll_view";
import { type Note, barAt } from "./score";
import type { Spectrogram } from "./spectrogram";
import type { Store } from "./store";
import type { Viewport } from "./viewport";

const EDGE_PX = 6;
const NEW_VELOCITY = 80;
const VELOCITY_STEP = 8;

type Name = [number, number]; // start_ticks, pitch
export class Roll extends RollView {
  pen = false;
  private clipboard: Note[] = [];
  private shown = "";
  private last: Promise<unknown> = Promise.resolve(); // of what the keys did, one after another

  constructor(store: Store, view: Viewport, player: Player, spectrogram: Spectrogram) {
    super(store, view, player, spectrogram);
    store.addEventListener("change", () => this.keepSelection());
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("dblclick", (event) => this.twice(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Write a note at the cursor, as a keyboard plays it. */
  write(pitch: number, velocity: number): void {
    const note: Note = [this.cursor.ticks, pitch, this.snapTicks, velocity];
    this.last = this.last.then(() => this.send("draw_notes", this.what("play", 1), { notes: [note] }));
  }

  /** Go on with the cursor by a step of the grid. */
  goOn(): void {
    this.moveCursor(this.snapTicks, 0);
    this.changed();
  }

  private keepSelection(): void {
    const { track } = this;
    if (track && track.id !== this.shown) {
      this.shown = track.id;
      this.selected.clear();
      this.isCentred = false;
    }
    const present = new Map((track?.notes ?? []).map((note) => [`${note[0]},${note[1]}`, note]));
    for (const key of this.selected.keys()) {
      const note = present.get(key);
      if (note) this.selected.set(key, note);
      else this.selected.delete(key);
    }
    this.changed();
  }

  // The mouse

  private snap(ticks: number, event: { altKey: boolean }): number {
    if (event.altKey) return Math.round(ticks);
    const bar = this.store.sheet.bars[barAt(this.store.sheet, ticks)]?.start_ticks ?? 0;
    return bar + Math.round((ticks - bar) / this.snapTicks) * this.snapTicks;
  }

  private snapDown(ticks: number, event: { altKey: boolean }): number {
    if (event.altKey) return Math.floor(ticks);
    const bar = this.store.sheet.bars[barAt(this.store.sheet, ticks)]?.start_ticks ?? 0;
    return bar + Math.floor((ticks - bar) / this.snapTicks) * this.snapTicks;
  }

  private noteAt(event: MouseEvent): Note | undefined {
    const ticks = this.view.ticks(event.offsetX);
    const row = this.rowAt(event.offsetY);
    const reach = this.rows ? Math.max(3, 6 / this.view.pxPerTick) : 0;
    return this.track?.notes.findLast((note) => this.rowOf(note[1]) === row && note[0] <= ticks && ticks < note[0] + Math.max(reach, note[2]));
  }

  private isEdge(note: Note, event: MouseEvent): boolean {
    return !this.rows && this.view.x(note[0] + note[2]) - event.offsetX < EDGE_PX;
  }

  private hover(event: PointerEvent): void {
    if (this.drag) return;
    const note = this.noteAt(event);
    this.canvas.style.cursor = note ? (this.isEdge(note, event) ? "ew-resize" : "grab") : this.pen ? "crosshair" : "default";
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const note = this.noteAt(event);
    const [x, y] = [event.offsetX, event.offsetY];
    if (note) {
      const key = `${note[0]},${note[1]}`;
      if (!this.selected.has(key)) {
        if (!event.shiftKey) this.selected.clear();
        this.selected.set(key, note);
        void this.player.preview([note[1]]);
      }
      this.drag = { kind: this.isEdge(note, event) ? "resize" : "move", x, y, ticks: 0, semitones: 0 };
    } else if (this.pen) {
      const start = this.snapDown(this.view.ticks(x), event);
      this.drag = { kind: "draw", start, stop: start + this.snapTicks, pitch: this.pitchOf(this.rowAt(y)) };
    } else {
      if (!event.shiftKey) this.selected.clear();
      this.cursor = { ticks: this.snapDown(this.view.ticks(x), event), pitch: this.pitchOf(this.rowAt(y)) };
      this.drag = { kind: "select", x, y, toX: x, toY: y };
    }
    this.canvas.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent) => this.dragTo(now);
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", (now) => {
      this.canvas.removeEventListener("pointermove", move);
      void this.release(now);
    }, { once: true });
    this.changed();
  }

  private dragTo(event: PointerEvent): void {
    const { drag } = this;
    if (!drag) return;
    if (drag.kind === "select") Object.assign(drag, { toX: event.offsetX, toY: event.offsetY });
    else if (drag.kind === "draw") drag.stop = Math.max(drag.start + 1, this.snap(this.view.ticks(event.offsetX), event));
    else {
      const ticks = (event.offsetX - drag.x) / this.view.pxPerTick;
      const before = drag.semitones;
      drag.ticks = event.altKey ? Math.round(ticks) : Math.round(ticks / this.snapTicks) * this.snapTicks;
      if (drag.kind === "move") drag.semitones = Math.round((drag.y - event.offsetY) / this.rowHeight);
      if (drag.semitones !== before) void this.player.preview([...this.selected.values()].slice(0, 6).map((note) => this.dragged(note)[1]));
    }
    this.redraw();
  }

  private async release(event: PointerEvent): Promise<void> {
    const drag = this.drag;
    this.drag = null;
    if (drag?.kind === "select") this.selectBox(drag);
    else if (drag?.kind === "draw") await this.insert([drag.start, drag.pitch, drag.stop - drag.start, NEW_VELOCITY]);
    else if (drag?.kind === "move") await this.move(drag.ticks, drag.semitones);
    else if (drag?.kind === "resize" && drag.ticks) await this.lengthen(drag.ticks);
    this.hover(event);
    this.changed();
  }

  private selectBox(box: { x: number; y: number; toX: number; toY: number }): void {
    const [from, until] = [box.x, box.toX].sort((a, b) => a - b).map((x) => this.view.ticks(x)) as [number, number];
    const [low, high] = [box.y, box.toY].map((y) => this.rowAt(y)).sort((a, b) => a - b) as [number, number];
    for (const note of this.track?.notes ?? []) {
      const row = this.rowOf(note[1]);
      if (note[0] < until && note[0] + note[2] > from && row >= low && row <= high && until > from) this.selected.set(`${note[0]},${note[1]}`, note);
    }
  }

  private twice(event: MouseEvent): void {
    const note = this.noteAt(event);
    if (note) void this.remove([[note[0], note[1]]]);
    else void this.insert([this.snapDown(this.view.ticks(event.offsetX), event), this.pitchOf(this.rowAt(event.offsetY)), this.snapTicks, NEW_VELOCITY]);
  }

  private wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !event.deltaY) return;
    const rows = this.rows;
    this.top = Math.min((rows?.length ?? 128) + 4, Math.max(4, this.top - Math.sign(event.deltaY) * 2));
    event.preventDefault();
    this.changed();
  }

  // What is sent

  private get names(): Name[] {
    return [...this.selected.values()].map((note) => [note[0], note[1]]);
  }

  private what(verb: string, count = this.selected.size): string {
    return `${verb} ${count} note${count === 1 ? "" : "s"} of ${this.track?.id.replace(/\.1$/, "")}`;
  }

  private send(gesture: string, name: string, body: object): Promise<boolean> {
    return this.store.gesture(gesture, name, { track: this.track?.id, ...body });
  }

  private async insert(note: Note): Promise<void> {
    if (!this.track || note[0] >= this.store.sheet.end_ticks) return;
    void this.player.preview([note[1]]);
    if (await this.send("draw_notes", this.what("draw", 1), { notes: [note.slice(0, 4)] })) this.choose([[note[0], note[1]]]);
  }

  private async remove(names: Name[]): Promise<void> {
    if (names.length) await this.send("delete_notes", this.what("take out", names.length), { notes: names });
  }

  private async move(ticks: number, rows: number): Promise<void> {
    if (!ticks && !rows) return;
    const to = this.names.map(([start, pitch]): Name => [start + ticks, this.pitchOf(this.rowOf(pitch) + rows)]);
    const first = this.names[0];
    if (!first) return;
    if (this.rows && rows) {
      // Rows of drums are not semitones: they are drawn anew.
      const notes = [...this.selected.values()].map((note, i) => [...(to[i] as Name), note[2], note[3]]);
      if (await this.send("delete_notes", this.what("move"), { notes: this.names, merge: "drums" })) await this.send("draw_notes", this.what("move"), { notes, merge: "drums" });
    } else await this.send("move_notes", this.what("move"), { notes: this.names, ticks, semitones: rows });
    this.choose(to);
  }

  private async lengthen(ticks: number): Promise<void> {
    await this.send("resize_notes", this.what("resize"), { notes: this.names, ticks });
  }

  private choose(names: Name[]): void {
    const wanted = new Set(names.map((name) => name.join()));
    this.selected = new Map((this.track?.notes ?? []).filter((note) => wanted.has(`${note[0]},${note[1]}`)).map((note) => [`${note[0]},${note[1]}`, note]));
    this.changed();
  }

  // The keyboard

  private key(event: KeyboardEvent): void {
    if (!this.action(event)) return;
    event.preventDefault();
    event.stopPropagation();
    // What a key does depends on what the one before it came to.
    this.last = this.last.then(() => this.action(event)?.()).then(() => this.changed());
  }

  private action(event: KeyboardEvent): (() => unknown) | undefined {
    const command = event.ctrlKey || event.metaKey;
    const some = this.selected.size > 0;
    const step = event.altKey ? 1 : this.snapTicks;
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const arrow = arrows[event.key];
    if (arrow && !command) {
      const [side, up] = arrow;
      if (!some) return () => this.moveCursor(side * step, up * (event.shiftKey ? 12 : 1));
      if (side && event.shiftKey) return () => this.lengthen(side * step);
      return () => this.move(side * step, up * (event.shiftKey ? 12 : 1));
    }
    if (command) {
      const keys: Record<string, () => unknown> = {
        a: () => this.choose((this.track?.notes ?? []).map((note) => [note[0], note[1]])),
        c: () => this.copy(),
        x: () => (this.copy(), this.remove(this.names)),
        v: () => this.paste(),
      };
      return keys[event.key.toLowerCase()];
    }
    const keys: Record<string, () => unknown> = {
      Enter: () => this.insert([this.cursor.ticks, this.cursor.pitch, this.snapTicks, NEW_VELOCITY]),
      Delete: () => this.remove(this.names),
      Backspace: () => this.remove(this.names),
      Escape: () => this.selected.clear(),
      "[": () => some && this.send("change_velocities", this.what("soften"), { notes: this.names, by: -VELOCITY_STEP, merge: "velocity" }),
      "]": () => some && this.send("change_velocities", this.what("strengthen"), { notes: this.names, by: VELOCITY_STEP, merge: "velocity" }),
    };
    return keys[event.key];
  }

  private moveCursor(ticks: number, rows: number): void {
    const most = this.store.sheet.end_ticks - this.snapTicks;
    this.cursor.ticks = Math.max(0, Math.min(most, this.cursor.ticks + ticks));
    this.cursor.pitch = this.pitchOf(this.rowOf(this.cursor.pitch) + rows);
    const row = this.rowOf(this.cursor.pitch);
    if (this.y(row) < 0) this.top = row + 2;
    if (this.y(row) > this.height - this.rowHeight) this.top = row + Math.floor(this.height / this.rowHeight) - 2;
    this.view.show(this.cursor.ticks, this.width);
    if (rows) void this.player.preview([this.cursor.pitch]);
  }

  private copy(): void {
    if (this.selected.size) this.clipboard = [...this.selected.values()];
  }

  private async paste(): Promise<void> {
    const first = Math.min(...this.clipboard.map((note) => note[0]));
    const ticks = this.cursor.ticks - first;
    const notes = this.clipboard.map((note): Note => [note[0] + ticks, ...(note.slice(1) as [number, number, number, string?])]);
    if (notes.length && (await this.send("draw_notes", this.what("paste", notes.length), { notes }))) this.choose(notes.map((note): Name => [note[0], note[1]]));
  }
}
