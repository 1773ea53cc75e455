// Playing: bars of tracks, fetched as they are needed, started to the sample one after another through Web Audio.
// A bar that is not there in time is skipped until it is; playing never waits.

import * as api from "./api";
import { RECORDING } from "./api";
import { limiter } from "./limiter";
import { SAMPLE_RATE, barAt, barSamples, secondsAt, ticksAt } from "./score";
import type { Level, Store } from "./store";

const AHEAD_S = 1.2;
const AHEAD_BARS = 4;
const TICK_MS = 80;
const FADE_S = 0.005;
const SWAP_S = 0.02;
const AS_IT_IS: Level = { gain_db: 0, pan: 0, room: 0 }; // of the recording
const LINES = 2;
const KEPT_SAMPLES = 40_000_000; // of bars that were fetched, 160 MB

export interface BarSound {
  key: string;
  layer: api.Sound["layer"];
  buffer: AudioBuffer | null;
}

interface Channel {
  left: GainNode;
  right: GainNode;
  input: GainNode;
  send: GainNode;
}

interface Started {
  track: string;
  bar: number;
  key: string;
  at: number; // context time of the bar line
  source: AudioBufferSourceNode;
  gain: GainNode;
}

interface Stretch {
  from: number; // context time
  bar: number;
  offset: number; // seconds into the bar
}

export class Player extends EventTarget {
  loop: { first: number; stop: number } | null = null;
  metronome = false;
  hearsRecording = false; // in the place of the score
  playing = false;
  readonly solo = new Set<string>();
  position = 0; // ticks, where playing begins
  private context: AudioContext | null = null;
  private master!: AudioNode;
  private room!: ConvolverNode;
  private readonly channels = new Map<string, Channel>();
  private readonly sounds = new Map<string, BarSound>(); // the one that was fetched last is the last
  private kept = 0; // samples in them
  private readonly wanted = new Map<string, { track: string; bar: number; key: string }>(); // the first is fetched first
  private readonly fetching = new Set<string>();
  private started: Started[] = [];
  private stretches: Stretch[] = [];
  private next: { time: number; bar: number; offset: number } | null = null;
  private timer = 0;

  constructor(private readonly store: Store) {
    super();
    store.addEventListener("change", () => {
      this.follow();
      this.prepare();
    });
    this.addEventListener("change", () => this.prepare());
  }

  /** Fetch what will be played first, or next. */
  private prepare(): void {
    const { sheet } = this.store;
    const first = this.next?.bar ?? barAt(sheet, this.position);
    for (let bar = first; bar < Math.min(first + AHEAD_BARS, sheet.bars.length); bar++) for (const id of this.voices()) this.soundOf(id, bar);
  }

  /** The sound of a bar as it is at hand, which may be of an earlier version; fetched when it is not. */
  soundOf(track: string, bar: number): BarSound | undefined {
    const key = this.store.soundKey(track, bar);
    const name = `${track}/${bar}`;
    const sound = this.sounds.get(name);
    if (key && sound?.key !== key) {
      this.wanted.set(name, { track, bar, key });
      this.fetch();
    }
    return key ? sound : undefined;
  }

  isHeard(track: string): boolean {
    const isRecording = this.hearsRecording && this.store.state.recording !== null;
    if (isRecording || track === RECORDING) return isRecording && track === RECORDING;
    const muted = this.store.sheet.tracks.find((one) => one.id === track)?.muted;
    return !muted && (this.solo.size === 0 || this.solo.has(track));
  }

  toggleSolo(track: string): void {
    if (!this.solo.delete(track)) this.solo.add(track);
    this.follow();
    this.dispatchEvent(new Event("change"));
  }

  setLoop(loop: { first: number; stop: number } | null): void {
    this.loop = loop;
    this.dispatchEvent(new Event("change"));
  }

  toggleMetronome(): void {
    this.metronome = !this.metronome;
    this.dispatchEvent(new Event("change"));
  }

  /** Hear the recording, or the score again; what plays goes on where it is. */
  toggleRecording(): void {
    this.hearsRecording = !this.hearsRecording;
    this.follow();
    this.dispatchEvent(new Event("change"));
  }

  /** Where the cursor is, in ticks. */
  now(): number {
    if (!this.playing || !this.context) return this.position;
    const time = this.context.currentTime;
    const stretch = [...this.stretches].reverse().find((one) => one.from <= time) ?? this.stretches[0];
    if (!stretch) return this.position;
    const start = this.store.sheet.bars[stretch.bar]?.start_s ?? 0;
    return ticksAt(this.store.sheet, start + stretch.offset + Math.max(0, time - stretch.from));
  }

  async play(): Promise<void> {
    if (this.playing) return;
    const context = await this.open();
    const { sheet } = this.store;
    if (this.loop) {
      const first = sheet.bars[this.loop.first]?.start_ticks ?? 0;
      const stop = sheet.bars[this.loop.stop]?.start_ticks ?? sheet.end_ticks;
      if (this.position < first || this.position >= stop) this.position = first;
    }
    if (this.position >= sheet.end_ticks) this.position = 0;
    const bar = barAt(sheet, this.position);
    const offset = secondsAt(sheet, this.position) - (sheet.bars[bar]?.start_s ?? 0);
    this.playing = true;
    this.stretches = [];
    this.next = { time: context.currentTime + 0.06, bar, offset };
    this.timer = window.setInterval(() => this.schedule(), TICK_MS);
    this.schedule();
    this.dispatchEvent(new Event("change"));
  }

  pause(): void {
    if (!this.playing) return;
    this.position = Math.min(this.now(), this.store.sheet.end_ticks);
    this.halt();
  }

  stop(): void {
    this.halt();
    this.position = 0;
    this.dispatchEvent(new Event("change"));
  }

  seek(ticks: number): void {
    const again = this.playing;
    this.halt();
    this.position = Math.max(0, ticks);
    if (again) void this.play();
    else this.dispatchEvent(new Event("change"));
  }

  /** Let a pitch, or a chord, be heard for a moment. */
  async preview(pitches: number[]): Promise<void> {
    if (typeof AudioContext === "undefined") return;
    const context = await this.open();
    for (const pitch of pitches) {
      const tone = new OscillatorNode(context, { type: "triangle", frequency: 440 * 2 ** ((pitch - 69) / 12) });
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setTargetAtTime(0.12 / Math.sqrt(pitches.length), context.currentTime, 0.005);
      gain.gain.setTargetAtTime(0, context.currentTime + 0.15, 0.12);
      tone.connect(gain).connect(context.destination);
      tone.start();
      tone.stop(context.currentTime + 0.8);
    }
  }

  private halt(): void {
    window.clearInterval(this.timer);
    this.playing = false;
    this.next = null;
    const time = this.context?.currentTime ?? 0;
    for (const { source, gain } of this.started) {
      gain.gain.cancelScheduledValues(time);
      gain.gain.setTargetAtTime(0, time, FADE_S);
      source.stop(time + 10 * FADE_S);
    }
    this.started = [];
    this.dispatchEvent(new Event("change"));
  }

  private async open(): Promise<AudioContext> {
    if (typeof AudioContext === "undefined") throw new Error("this browser has no Web Audio; use another to listen");
    if (!this.context) {
      const context = new AudioContext({ sampleRate: SAMPLE_RATE });
      this.context = context;
      this.master = limiter(context);
      this.room = new ConvolverNode(context, { disableNormalization: true });
      this.room.connect(this.master);
      void api.room().then((ears) => {
        const echoes = context.createBuffer(2, ears[0]?.length ?? 1, SAMPLE_RATE);
        ears.forEach((ear, i) => echoes.copyToChannel(ear, i));
        this.room.buffer = echoes;
      });
    }
    await this.context.resume();
    this.follow();
    return this.context;
  }

  /** Levels and mutes as they are now, and the sound of what plays. */
  private follow(): void {
    if (!this.context) return;
    for (const id of this.voices()) this.setLevel(this.channel(id), this.store.state.levels[id] ?? AS_IT_IS, this.isHeard(id));
    for (const { track, bar } of this.started) this.soundOf(track, bar);
  }

  /** What plays: all tracks, and the recording where there is one. */
  private voices(): string[] {
    const tracks = this.store.sheet.tracks.map(({ id }) => id);
    return this.store.state.recording ? [...tracks, RECORDING] : tracks;
  }


  private channel(track: string): Channel {
    const known = this.channels.get(track);
    if (known) return known;
    const context = this.context as AudioContext;
    const [input, left, right, send] = [0, 0, 0, 0].map(() => new GainNode(context)) as [GainNode, GainNode, GainNode, GainNode];
    const [split, merge] = [new ChannelSplitterNode(context, { numberOfOutputs: 2 }), new ChannelMergerNode(context)];
    input.channelCountMode = "explicit";
    input.connect(split);
    split.connect(left, 0).connect(merge, 0, 0);
    split.connect(right, 1).connect(merge, 0, 1);
    merge.connect(track === RECORDING ? context.destination : this.master);
    send.channelCount = 1;
    send.channelCountMode = "explicit";
    input.connect(send).connect(this.room);
    const made = { input, left, right, send };
    this.channels.set(track, made);
    return made;
  }

  /** As renderer/mixer.py places a stem: balance lowers the far side by an equal-power law. */
  private setLevel(channel: Channel, level: Level | undefined, isHeard: boolean): void {
    if (!level || !this.context) return;
    const gain = isHeard ? 10 ** (level.gain_db / 20) : 0;
    const angle = ((level.pan + 1) * Math.PI) / 4;
    const set = (node: GainNode, value: number) => node.gain.setTargetAtTime(value, this.context?.currentTime ?? 0, 0.01);
    set(channel.left, gain * Math.min(1, Math.SQRT2 * Math.cos(angle)));
    set(channel.right, gain * Math.min(1, Math.SQRT2 * Math.sin(angle)));
    set(channel.send, gain * level.room);
  }

  private schedule(): void {
    const context = this.context as AudioContext;
    const { sheet } = this.store;
    while (this.next && this.next.time < context.currentTime + AHEAD_S) {
      const { time, bar, offset } = this.next;
      if (bar >= sheet.bars.length) {
        if (context.currentTime > time + 0.5) this.stop();
        return;
      }
      const [start, stop] = barSamples(sheet, bar);
      this.stretches.push({ from: time, bar, offset });
      if (this.stretches.length > 64) this.stretches.shift();
      for (const id of this.voices()) this.start(id, bar, time, offset);
      if (this.metronome) this.click(bar, time, offset);
      const after = this.loop && bar + 1 === this.loop.stop ? this.loop.first : bar + 1;
      const length = bar + 1 === sheet.bars.length ? sheet.duration_s - (sheet.bars[bar]?.start_s ?? 0) : (stop - start) / SAMPLE_RATE;
      this.next = { time: time + length - offset, bar: after, offset: 0 };
    }
    this.prepare();
  }

  private start(track: string, bar: number, time: number, offset: number): void {
    const sound = this.soundOf(track, bar);
    if (!sound?.buffer || offset >= sound.buffer.duration) return;
    const context = this.context as AudioContext;
    const source = new AudioBufferSourceNode(context, { buffer: sound.buffer });
    const gain = new GainNode(context);
    const before = this.sounds.get(`${track}/${bar - 1}`)?.layer;
    const isJoint = before !== sound.layer && sound.layer === "model";
    if (isJoint || offset > 0) gain.gain.setValueCurveAtTime([0, 1], time, FADE_S);
    source.connect(gain).connect(this.channel(track).input);
    source.start(time, offset);
    const one = { track, bar, key: sound.key, at: time - offset, source, gain };
    this.started.push(one);
    source.onended = () => (this.started = this.started.filter((other) => other !== one));
  }

  /** Let a bar that plays go on with the sound that is there now: takes are compared where the cursor is. */
  private swap(track: string, bar: number): void {
    const context = this.context as AudioContext;
    const now = context.currentTime + SWAP_S;
    const stale = this.started.filter((one) => one.track === track && one.bar === bar && one.key !== this.sounds.get(`${track}/${bar}`)?.key);
    for (const { at, source, gain } of stale) {
      gain.gain.cancelScheduledValues(0);
      gain.gain.setTargetAtTime(0, now, FADE_S);
      source.stop(Math.max(now, at) + 10 * FADE_S);
      if (at + (source.buffer?.duration ?? 0) > now) this.start(track, bar, Math.max(now, at), Math.max(0, now - at));
    }
    this.started = this.started.filter((one) => !stale.includes(one));
    if (stale.length || this.started.some((one) => one.track === track && one.bar === bar)) return;
    const late = this.stretches.findLast((one) => one.bar === bar); // what was not there when its bar line was played
    if (late) this.start(track, bar, Math.max(now, late.from), late.offset + Math.max(0, now - late.from));
  }

  private click(bar: number, time: number, offset: number): void {
    const context = this.context as AudioContext;
    const { sheet } = this.store;
    const { start_ticks, start_s, beat_ticks } = sheet.bars[bar] as { start_ticks: number; start_s: number; beat_ticks: number };
    const stop = sheet.bars[bar + 1]?.start_ticks ?? sheet.end_ticks;
    for (let tick = start_ticks; tick < stop; tick += beat_ticks) {
      const at = time + secondsAt(sheet, tick) - start_s - offset;
      if (at < context.currentTime) continue;
      const tone = new OscillatorNode(context, { frequency: tick === start_ticks ? 1760 : 1320 });
      const gain = new GainNode(context, { gain: 0.15 });
      gain.gain.setTargetAtTime(0, at + 0.01, 0.01);
      tone.connect(gain).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.08);
    }
  }

  /** Ask for what is wanted, the bars that are played next first; few at a time, as a browser has six lines for all. */
  private fetch(): void {
    while (this.fetching.size < LINES && this.wanted.size) {
      const next = this.next?.bar ?? 0;
      for (const [name, { track, bar, key }] of this.wanted) if (this.store.soundKey(track, bar) !== key) this.wanted.delete(name);
      const waits = [...this.wanted].filter(([name]) => !this.fetching.has(name));
      const ahead = (bar: number) => (bar < next ? 1e6 : 0) + bar;
      const first = waits.reduce<(typeof waits)[0] | undefined>((best, one) => (best && ahead(best[1].bar) <= ahead(one[1].bar) ? best : one), undefined);
      if (!first) return;
      const [name, { track, bar, key }] = first;
      this.wanted.delete(name);
      this.fetching.add(name);
      void this.load(name, track, bar, key).finally(() => {
        this.fetching.delete(name);
        this.fetch();
      });
    }
  }

  /** Keep a bar that was fetched, and of those before it as many as there is room for. */
  private keep(name: string, sound: BarSound): void {
    this.kept -= samplesOf(this.sounds.get(name));
    this.sounds.delete(name);
    this.sounds.set(name, sound);
    this.kept += samplesOf(sound);
    for (const [old, one] of this.sounds) {
      if (this.kept <= KEPT_SAMPLES || old === name) break;
      this.kept -= samplesOf(one);
      this.sounds.delete(old);
    }
  }

  private async load(name: string, track: string, bar: number, key: string): Promise<void> {
    try {
      const { layer, channels } = await api.sound(track, bar, key);
      const length = channels[0]?.length ?? 0;
      const buffer = length ? new AudioBuffer({ length, numberOfChannels: channels.length, sampleRate: SAMPLE_RATE }) : null;
      channels.forEach((channel, i) => buffer?.copyToChannel(channel, i));
      this.keep(name, { key, layer, buffer });
      if (this.playing) this.swap(track, bar);
    } catch {
      // The next change, or the next look, asks again.
    }
  }
}

function samplesOf(sound: BarSound | undefined): number {
  return sound?.buffer ? sound.buffer.length * sound.buffer.numberOfChannels : 0;
}
