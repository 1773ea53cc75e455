// Beside the roll: the piano keyboard, and a MIDI keyboard that is plugged in. A key is heard; with the pen it is written
// at the cursor, keys that are held together as a chord, and the cursor goes on when all are let go.

import { Lane } from "./canvas";
import type { Player } from "./player";
import type { Roll } from "./roll";
import { isBlackKey, pitchName } from "./score";
import type { Store } from "./store";
import { colour } from "./theme";

const CLICK_VELOCITY = 80;

export class Keyboard extends Lane {
  private readonly held = new Set<number>();

  constructor(
    private readonly store: Store,
    private readonly roll: Roll,
    private readonly player: Player,
  ) {
    super("Piano keyboard", "keyboard");
    roll.canvas.addEventListener("status", () => this.redraw());
    store.addEventListener("change", () => this.redraw());
    this.canvas.addEventListener("pointerdown", (event) => {
      const pitch = roll.pitchAt(event.offsetY);
      this.down(pitch, CLICK_VELOCITY);
      this.canvas.addEventListener("pointerup", () => this.up(pitch), { once: true });
      this.canvas.setPointerCapture(event.pointerId);
    });
  }

  protected draw(context: CanvasRenderingContext2D): void {
    const isDrums = this.store.selectedTrack?.role === "drums";
    context.font = "10px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const { row, y, height, name } of this.roll.shownRows()) {
      const pitch = this.roll.pitchOfRow(row);
      const isDark = !isDrums && isBlackKey(pitch);
      context.fillStyle = colour(this.held.has(pitch) ? "accent" : isDark ? "key-black" : "key-white");
      context.fillRect(0, y, isDark ? this.width * 0.62 : this.width, height - 1);
      context.fillStyle = colour("key-name");
      if (isDrums) context.fillText(name, 4, y + height / 2, this.width - 6);
      else if (pitch % 12 === 0) context.fillText(pitchName(pitch), this.width - 24, y + height / 2);
    }
  }

  /** Listen to the MIDI keyboards of this machine, where the browser can; a sentence on what is there. */
  async connect(): Promise<string> {
    if (!navigator.requestMIDIAccess) return "This browser knows no MIDI keyboards; Chromium and Firefox do.";
    let access: MIDIAccess;
    try {
      access = await navigator.requestMIDIAccess();
    } catch {
      return "The browser was not allowed to use MIDI keyboards.";
    }
    const inputs = [...access.inputs.values()];
    for (const input of inputs) input.onmidimessage = (message) => this.message(message.data);
    const names = inputs.map((input) => input.name).join(", ");
    return names ? `Listening to ${names}; with the pen, what is played is written.` : "There is no MIDI keyboard.";
  }

  private message(data: Uint8Array | null): void {
    const [status = 0, pitch = 0, velocity = 0] = data ?? [];
    const kind = status & 0xf0;
    if (kind === 0x90 && velocity > 0) this.down(pitch, velocity);
    else if (kind === 0x80 || kind === 0x90) this.up(pitch);
  }

  private down(pitch: number, velocity: number): void {
    this.held.add(pitch);
    void this.player.preview([pitch]);
    if (this.roll.pen) this.roll.write(pitch, velocity);
    this.redraw();
  }

  private up(pitch: number): void {
    this.held.delete(pitch);
    if (this.roll.pen && !this.held.size) this.roll.goOn();
    this.redraw();
  }
}
