// The interface of the server (editing/studio/server.py says each message).

const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? sessionStorage.getItem("scoretok-token") ?? "";
sessionStorage.setItem("scoretok-token", token);

/** What the server refuses, in one sentence; with line and column where it is about the text. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly line?: number,
    readonly column?: number,
  ) {
    super(message);
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(`/api/${path}`, { ...init, headers: { "X-Token": token, "Content-Type": "application/json" } });
  } catch {
    throw new Refusal("the studio does not answer; start it again, nothing that was done is lost", 0);
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({ error: `the studio answered ${answer.status}` }));
  throw new Refusal(said.error ?? String(answer.status), answer.status, said.line, said.column);
}

export async function get<T>(path: string): Promise<T> {
  return (await ask(path)).json() as Promise<T>;
}

export async function post<T>(path: string, body: object): Promise<T> {
  return (await ask(path, { method: "POST", body: JSON.stringify(body) })).json() as Promise<T>;
}

/** A file that was sent and looked at: what it is, and what of it would be lost or guessed. */
export interface Upload {
  upload: number;
  name: string;
  kind: "score" | "recording" | "voice";
  said: string[];
  bars?: number;
  tracks?: number;
  notes?: number;
  duration_s: number;
}

/** Send a file; nothing changes until it is opened. */
export async function upload(file: File): Promise<Upload> {
  return (await ask(`upload/${encodeURIComponent(file.name)}`, { method: "POST", body: file })).json();
}

export async function cancelJob(id: number): Promise<void> {
  await ask(`jobs/${id}`, { method: "DELETE" });
}

export interface Sound {
  layer: "model" | "draft" | "recording";
  channels: Float32Array<ArrayBuffer>[];
}

/** What plays the recording in the place of a track. */
export const RECORDING = "recording";

/** Samples of a bar of a track, or of the recording, from its bar line on. */
export async function sound(track: string, bar: number, key: string): Promise<Sound> {
  const answer = await ask(`${track === RECORDING ? RECORDING : `sound/${track}`}/${bar}?key=${key}`);
  const samples = new Float32Array(await answer.arrayBuffer());
  const count = Number(answer.headers.get("X-Channels"));
  const length = samples.length / Math.max(1, count);
  const channels = Array.from({ length: count }, (_, i) => samples.slice(i * length, (i + 1) * length));
  return { layer: answer.headers.get("X-Layer") as Sound["layer"], channels };
}

/** Peaks of some bars of a track, or of the recording, one bar after the other. */
export async function peaks(track: string, first: number, stop: number): Promise<Float32Array> {
  return new Float32Array(await (await ask(`peaks/${track}?first=${first}&stop=${stop}`)).arrayBuffer());
}

/** Levels of a bar of the recording, a row of frames a pitch from the lowest up. */
export async function spectrogram(bar: number): Promise<{ levels: Uint8Array; pitches: number; lowest: number }> {
  const answer = await ask(`spectrogram/${bar}`);
  const levels = new Uint8Array(await answer.arrayBuffer());
  return { levels, pitches: Number(answer.headers.get("X-Pitches")), lowest: Number(answer.headers.get("X-Lowest")) };
}

/** The impulse response of the room of the mixer, an ear after the other. */
export async function room(): Promise<Float32Array<ArrayBuffer>[]> {
  const samples = new Float32Array(await (await ask("room")).arrayBuffer());
  return [samples.slice(0, samples.length / 2), samples.slice(samples.length / 2)];
}

export function link(path: string): string {
  return `/api/${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
}

export interface Job {
  id: number;
  kind: string;
  name: string;
  about: { track?: string; tracks?: string[]; bars?: number[] };
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  share: number;
  stage: string;
  said: string[];
}

export type Event = { version: number } | { job: Job };

/** Hear of every change until the page is closed; `lost` is called when the server goes away, and `found` after. */
export function listen(heard: (event: Event) => void, lost: () => void, found: () => void): void {
  const source = new EventSource(link("events"));
  source.onmessage = (message) => heard(JSON.parse(message.data) as Event);
  source.onerror = lost;
  source.onopen = found;
}
