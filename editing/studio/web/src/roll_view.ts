// What the piano roll shows: rows of pitches or drums, the recording behind them, the grid, notes, and what is dragged.

import { Lane } from "./canvas";
import type { Player } from "./player";
import { type Note, type Track, barAt, barEnd, drumRows, isBlackKey, lastAt, pitchName } from "./score";
import type { Spectrogram } from "./spectrogram";
import type { Store } from "./store";
import { colour, roleColour } from "./theme";
import type { Viewport } from "./viewport";

export type Drag =
  | { kind: "select"; x: number; y: number; toX: number; toY: number }
  | { kind: "move" | "resize"; x: number; y: number; ticks: number; semitones: number }
  | { kind: "draw"; start: number; stop: number; pitch: number };

export abstract class RollView extends Lane {
  snapTicks = 6;
  rowHeight = 12;
  top = 90; // the highest pitch, or row from below, that is seen
  protected selected = new Map<string, Note>();
  protected drag: Drag | null = null;
  protected cursor = { ticks: 0, pitch: 60 };
  protected isCentred = false;
  private rowsTrack: Track | undefined; // of which `drumRows` are
  private drumRows: [number, string][] | null = null;

  constructor(
    protected readonly store: Store,
    protected readonly view: Viewport,
    protected readonly player: Player,
    protected readonly spectrogram: Spectrogram,
  ) {
    super("Piano roll", "roll");
    view.follow(this.canvas);
    for (const source of [view, player, spectrogram]) source.addEventListener("change", () => this.redraw());
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

  /** The notes that are selected. */
  get selection(): Note[] {
    return [...this.selected.values()];
  }

  isSelected(note: Note): boolean {
    return this.selected.has(`${note[0]},${note[1]}`);
  }

  /** How many notes are selected, and where the keyboard's cursor is, in words. */
  get status(): string {
    const bar = barAt(this.store.sheet, this.cursor.ticks) + 1;
    const count = this.selected.size;
    return count ? `${count} note${count > 1 ? "s" : ""} selected` : `cursor: bar ${bar}, ${this.rowName(this.cursor.pitch)}`;
  }

  protected get track(): Track | undefined {
    return this.store.selectedTrack;
  }

  /** Pitch and name of the rows of a drum track, from below; null of other tracks. */
  protected get rows(): [number, string][] | null {
    if (this.track !== this.rowsTrack) {
      this.rowsTrack = this.track;
      this.drumRows = this.track?.role === "drums" ? drumRows(this.track) : null;
    }
    return this.drumRows;
  }

  protected rowOf(pitch: number): number {
    const rows = this.rows;
    return rows ? rows.findIndex(([one]) => one === pitch) : pitch;
  }

  protected pitchOf(row: number): number {
    const rows = this.rows;
    return rows ? (rows[Math.min(rows.length - 1, Math.max(0, row))]?.[0] ?? 36) : Math.min(127, Math.max(0, row));
  }

  protected rowName(pitch: number): string {
    return this.rows?.find(([one]) => one === pitch)?.[1] ?? pitchName(pitch);
  }

  protected y(row: number): number {
    return (this.top - row) * this.rowHeight;
  }

  protected rowAt(y: number): number {
    return Math.ceil(this.top - y / this.rowHeight);
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

  protected changed(): void {
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
    if (!this.rows) this.drawRecording(context);
    this.drawGrid(context);
    if (!this.rows) for (const other of sheet.tracks) if (other.id !== track?.id && other.role !== "drums") this.drawNotes(context, other, true);
    if (track) this.drawNotes(context, track, false);
    this.drawDrag(context);
    if (document.activeElement === this.canvas && !this.selected.size) {
      context.strokeStyle = colour("accent");
      context.strokeRect(this.view.x(this.cursor.ticks), this.y(this.rowOf(this.cursor.pitch)), this.snapTicks * this.view.pxPerTick, this.rowHeight);
    }
    context.fillStyle = colour("cursor");
    context.fillRect(this.view.x(this.player.now()), 0, 1, this.height);
  }

  private drawRows(context: CanvasRenderingContext2D): void {
    const rows = this.rows;
    context.font = "10px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (let row = this.rowAt(this.height) - 1; row <= this.top; row++) {
      const y = this.y(row);
      const isDark = rows ? row % 2 === 1 : isBlackKey(((row % 12) + 12) % 12);
      context.fillStyle = colour(isDark ? "row-dark" : "row");
      context.fillRect(0, y, this.width, this.rowHeight - 1);
      const name = rows ? rows[row]?.[1] : row % 12 === 0 ? pitchName(row) : undefined;
      context.fillStyle = colour("label");
      if (name && row >= 0) context.fillText(name, 4, y + this.rowHeight / 2);
    }
  }

  /** The spectrogram of the recording, where there is one, a row a pitch. */
  private drawRecording(context: CanvasRenderingContext2D): void {
    const { sheet } = this.store;
    if (!this.spectrogram.isShown) return;
    for (let bar = barAt(sheet, this.view.ticks(0)); bar < sheet.bars.length; bar++) {
      const x = this.view.x(sheet.bars[bar]?.start_ticks ?? 0);
      if (x > this.width) break;
      const found = this.spectrogram.of(bar);
      if (!found) continue;
      const highest = found.lowest + found.image.height - 1;
      context.drawImage(found.image, x, this.y(highest), this.view.x(barEnd(sheet, bar)) - x, found.image.height * this.rowHeight);
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
        context.fillStyle = colour((tick - bar.start_ticks) % bar.beat_ticks ? "grid-fine" : "grid-beat");
        context.fillRect(this.view.x(tick), 0, 1, this.height);
      }
      context.fillStyle = colour("grid-bar");
      context.fillRect(this.view.x(bar.start_ticks), 0, 1, this.height);
    }
  }

  private drawNotes(context: CanvasRenderingContext2D, track: Track, isGhost: boolean): void {
    const from = this.view.ticks(0) - 64 * 96;
    const until = this.view.ticks(this.width);
    const usual = roleColour(track.role);
    const left = this.view.ticks(0);
    const maySelect = !isGhost && this.selected.size > 0;
    for (let i = Math.max(0, lastAt(track.notes, from, (note) => note[0])); i < track.notes.length; i++) {
      const note = track.notes[i] as Note;
      if (note[0] > until) break;
      if (note[0] + note[2] < left) continue;
      const isSelected = maySelect && this.isSelected(note);
      const [start, pitch, length] = isSelected ? this.dragged(note) : [note[0], note[1], note[2]];
      const y = this.y(this.rowOf(pitch));
      if (y < -this.rowHeight || y > this.height) continue;
      const width = this.rows ? Math.max(6, 3 * this.view.pxPerTick) : Math.max(2, length * this.view.pxPerTick - 1);
      context.globalAlpha = isGhost ? 0.16 : 0.35 + (0.65 * note[3]) / 127;
      context.fillStyle = isSelected ? colour("selected") : usual;
      context.fillRect(this.view.x(start), y, width, this.rowHeight - 1);
    }
    context.globalAlpha = 1;
  }

  private drawDrag(context: CanvasRenderingContext2D): void {
    if (this.drag?.kind === "select") {
      const { x, y, toX, toY } = this.drag;
      context.strokeStyle = colour("accent");
      context.strokeRect(Math.min(x, toX), Math.min(y, toY), Math.abs(toX - x), Math.abs(toY - y));
    } else if (this.drag?.kind === "draw") {
      const { start, stop, pitch } = this.drag;
      context.fillStyle = colour("selected");
      context.fillRect(this.view.x(start), this.y(this.rowOf(pitch)), (stop - start) * this.view.pxPerTick, this.rowHeight - 1);
    }
  }

  /** Where a selected note is while it is dragged. */
  protected dragged(note: Note): [number, number, number] {
    const { drag } = this;
    if (drag?.kind === "move") return [note[0] + drag.ticks, this.pitchOf(this.rowOf(note[1]) + drag.semitones), note[2]];
    if (drag?.kind === "resize") return [note[0], note[1], Math.max(1, note[2] + drag.ticks)];
    return [note[0], note[1], note[2]];
  }
}
