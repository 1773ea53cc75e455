// The piano roll of the selected track, drums as a grid, the other tracks as ghosts.
//
// Mouse: drag on nothing selects; a double click draws a note, and on a note takes it out; a drag moves, at a note's end
// resizes; Alt leaves the grid; with the pen a drag draws. Keys: arrows move the selection (Shift: length and octaves) or,
// without one, the cursor; Enter draws at the cursor; Delete, Ctrl+A, C, X, V; [ and ] velocity; Escape selects nothing.

import { COLOURS, Lane } from "./canvas";
import type { Player } from "./player";
import { type Note, type Track, barAt, drumRows, isBlackKey, pitchName } from "./score";
import type { Store } from "./store";
import type { Viewport } from "./viewport";

const EDGE_PX = 6;
const NEW_VELOCITY = 80;
const VELOCITY_STEP = 8;

type Name = [number, number]; // start_ticks, pitch
type Drag =
  | { kind: "select"; x: number; y: number; toX: number; toY: number }
  | { kind: "move" | "resize"; x: number; y: number; ticks: number; semitones: number }
  | { kind: "draw"; start: number; stop: number; pitch: number };

export class Roll extends Lane {
  snapTicks = 6;
  pen = false;
  rowHeight = 12;
  top = 90; // the highest pitch, or row from below, that is seen
  private selected = new Map<string, Note>();
  private drag: Drag | null = null;
  private cursor = { ticks: 0, pitch: 60 };
  private clipboard: Note[] = [];
  private shown = "";
  private isCentred = false;
  private last: Promise<unknown> = Promise.resolve(); // of what the keys did, one after another

  constructor(
    private readonly store: Store,
    private readonly view: Viewport,
    private readonly player: Player,
  ) {
    super("Piano roll", "roll");
    view.follow(this.canvas);
    store.addEventListener("change", () => this.keepSelection());
    for (const source of [view, player]) source.addEventListener("change", () => this.redraw());
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("dblclick", (event) => this.twice(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** How many notes are selected, and where the keyboard's cursor is, in words. */
  get status(): string {
    const bar = barAt(this.store.sheet, this.cursor.ticks) + 1;
    const count = this.selected.size;
    return count ? `${count} note${count > 1 ? "s" : ""} selected` : `cursor: bar ${bar}, ${this.rowName(this.cursor.pitch)}`;
  }

  /** The notes that are selected. */
  get selection(): Note[] {
    return [...this.selected.values()];
  }

  isSelected(note: Note): boolean {
    return this.selected.has(`${note[0]},${note[1]}`);
  }

  pitchAt(y: number): number {
    return this.pitchOf(this.rowAt(y));
  }

  pitchOfRow(row: number): number {
    return this.pitchOf(row);
  }

  /** The rows that are seen, from below. */
  *shownRows(): Iterable<{ row: number; y: number; height: number; name: string }> {
    const last = this.rows ? this.rows.length - 1 : 127;
    for (let row = Math.max(0, this.rowAt(this.height)); row <= Math.min(last, this.top); row++) {
      yield { row, y: this.y(row), height: this.rowHeight, name: this.rowName(this.pitchOf(row)) };
    }
  }

  /** Write a note at the cursor, as a keyboard plays it. */
  write(pitch: number, velocity: number): void {
    const note: Note = [this.cursor.ticks, pitch, this.snapTicks, velocity];
    this.last = this.last.then(() => this.send("draw_notes", this.what("play", 1), { notes: [note] }));
  }

  /** Go on with the cursor by a step of the grid. */
  goOn(): void {
    this.last = this.last.then(() => {
      this.moveCursor(this.snapTicks, 0);
      this.changed();
    });
  }

  private get track(): Track | undefined {
    return this.store.selectedTrack;
  }

  private get rows(): [number, string][] | null {
    return this.track?.role === "drums" ? drumRows(this.track) : null;
  }

  private rowOf(pitch: number): number {
    const rows = this.rows;
    return rows ? rows.findIndex(([one]) => one === pitch) : pitch;
  }

  private pitchOf(row: number): number {
    const rows = this.rows;
    return rows ? (rows[Math.min(rows.length - 1, Math.max(0, row))]?.[0] ?? 36) : Math.min(127, Math.max(0, row));
  }

  private rowName(pitch: number): string {
    return this.rows?.find(([one]) => one === pitch)?.[1] ?? pitchName(pitch);
  }

  private y(row: number): number {
    return (this.top - row) * this.rowHeight;
  }

  private rowAt(y: number): number {
    return Math.ceil(this.top - y / this.rowHeight);
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

  private centre(track: Track): void {
    const rows = this.rows;
    const pitches = track.notes.map((note) => note[1]).sort((a, b) => a - b);
    const middle = rows ? rows.length / 2 : (pitches[pitches.length >> 1] ?? 60);
    this.top = Math.round(middle + this.height / this.rowHeight / 2);
    this.cursor.pitch = rows ? 36 : middle;
    this.isCentred = true;
    this.dispatch();
  }

  private changed(): void {
    this.dispatch();
    this.redraw();
  }

  private dispatch(): void {
    this.canvas.setAttribute("aria-description", this.status);
    this.canvas.dispatchEvent(new Event("status"));
  }

  // Drawing

  protected draw(context: CanvasRenderingContext2D): void {
    const { sheet } = this.store;
    const { track } = this;
    if (track && !this.isCentred) this.centre(track);
    this.drawRows(context);
    this.drawGrid(context);
    if (!this.rows) for (const other of sheet.tracks) if (other.id !== track?.id && other.role !== "drums") this.drawNotes(context, other, true);
    if (track) this.drawNotes(context, track, false);
    this.drawDrag(context);
    if (document.activeElement === this.canvas && !this.selected.size) {
      context.strokeStyle = "#ffd166";
      context.strokeRect(this.view.x(this.cursor.ticks), this.y(this.rowOf(this.cursor.pitch)), this.snapTicks * this.view.pxPerTick, this.rowHeight);
    }
    context.fillStyle = "#f5f7fa";
    context.fillRect(this.view.x(this.player.now()), 0, 1, this.height);
  }

  private drawRows(context: CanvasRenderingContext2D): void {
    const rows = this.rows;
    context.font = "10px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (let row = this.rowAt(this.height) - 1; row <= this.top; row++) {
      const y = this.y(row);
      const isDark = rows ? row % 2 === 1 : isBlackKey(((row % 12) + 12) % 12);
      context.fillStyle = isDark ? "#161b24" : "#1b212c";
      context.fillRect(0, y, this.width, this.rowHeight - 1);
      const name = rows ? rows[row]?.[1] : row % 12 === 0 ? pitchName(row) : undefined;
      context.fillStyle = "#69748a";
      if (name && row >= 0) context.fillText(name, 4, y + this.rowHeight / 2);
    }
  }

  private drawGrid(context: CanvasRenderingContext2D): void {
    const { sheet } = this.store;
    const first = barAt(sheet, this.view.ticks(0));
    for (let i = first; i < sheet.bars.length; i++) {
      const bar = sheet.bars[i];
      const stop = sheet.bars[i + 1]?.start_ticks ?? sheet.end_ticks;
      if (!bar || this.view.x(bar.start_ticks) > this.width) break;
      const step = this.snapTicks * this.view.pxPerTick >= 8 ? this.snapTicks : bar.beat_ticks;
      for (let tick = bar.start_ticks; tick < stop && step * this.view.pxPerTick >= 4; tick += step) {
        context.fillStyle = (tick - bar.start_ticks) % bar.beat_ticks ? "#222936" : "#2b3342";
        context.fillRect(this.view.x(tick), 0, 1, this.height);
      }
      context.fillStyle = "#48536a";
      context.fillRect(this.view.x(bar.start_ticks), 0, 1, this.height);
    }
  }

  private drawNotes(context: CanvasRenderingContext2D, track: Track, isGhost: boolean): void {
    const from = this.view.ticks(0) - 64 * 96;
    const until = this.view.ticks(this.width);
    const colour = COLOURS[track.role] ?? "#fff";
    context.fillStyle = colour;
    for (const note of track.notes) {
      if (note[0] > until) break;
      if (note[0] < from || (note[0] + note[2]) * 1 < this.view.ticks(0)) continue;
      const isSelected = !isGhost && this.isSelected(note);
      const [start, pitch, length] = isSelected ? this.dragged(note) : [note[0], note[1], note[2]];
      const y = this.y(this.rowOf(pitch));
      if (y < -this.rowHeight || y > this.height) continue;
      const width = this.rows ? Math.max(6, 3 * this.view.pxPerTick) : Math.max(2, length * this.view.pxPerTick - 1);
      context.globalAlpha = isGhost ? 0.16 : 0.35 + (0.65 * note[3]) / 127;
      context.fillStyle = isSelected ? "#fff3c4" : colour;
      context.fillRect(this.view.x(start), y, width, this.rowHeight - 1);
    }
    context.globalAlpha = 1;
  }

  private drawDrag(context: CanvasRenderingContext2D): void {
    if (this.drag?.kind === "select") {
      const { x, y, toX, toY } = this.drag;
      context.strokeStyle = "#ffd166";
      context.strokeRect(Math.min(x, toX), Math.min(y, toY), Math.abs(toX - x), Math.abs(toY - y));
    } else if (this.drag?.kind === "draw") {
      const { start, stop, pitch } = this.drag;
      context.fillStyle = "#fff3c4";
      context.fillRect(this.view.x(start), this.y(this.rowOf(pitch)), (stop - start) * this.view.pxPerTick, this.rowHeight - 1);
    }
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

  /** Where a selected note is while it is dragged. */
  private dragged(note: Note): [number, number, number] {
    const { drag } = this;
    if (drag?.kind === "move") return [note[0] + drag.ticks, this.pitchOf(this.rowOf(note[1]) + drag.semitones), note[2]];
    if (drag?.kind === "resize") return [note[0], note[1], Math.max(1, note[2] + drag.ticks)];
    return [note[0], note[1], note[2]];
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
