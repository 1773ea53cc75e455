// What stands beside the score: takes and variants, the history, the jobs, the notation.

import * as api from "./api";
import { button, h, refill } from "./dom";
import { barAt } from "./score";
import type { Store } from "./store";
import { named } from "./tracks";
import type { Viewport } from "./viewport";

function bars(numbers: number[]): string {
  const [first, last] = [Math.min(...numbers) + 1, Math.max(...numbers) + 1];
  return first === last ? `bar ${first}` : `bars ${first}-${last}`;
}

/** Takes of sound and variants of the score, by region; one of each is heard, none is lost. */
export class Takes {
  readonly element = h("div", { role: "region", "aria-label": "Takes", class: "list" });

  constructor(private readonly store: Store) {
    store.addEventListener("change", () => this.show());
  }

  private show(): void {
    const { takes, variants } = this.store.state;
    const tracks = [...new Set(takes.map((take) => take.track))];
    const rendered = tracks.map((track) => {
      const own = takes.filter((take) => take.track === track);
      const isPlain = own.every((take) => !take.heard);
      return h("li", {}, button(`As rendered: ${named(track)}`, () => this.store.send("keep", { track }), { "aria-pressed": String(isPlain) }));
    });
    const takeRows = takes.map((take) =>
      h("li", {}, button(`${take.name}: ${named(take.track)}, ${bars(take.bars)}`, () => this.store.send("keep", { track: take.track, take: take.id }), { "aria-pressed": String(take.heard) })));
    const variantRows = variants.map((variant, number) => {
      const places = [...new Set(variant.cells.map(([track]) => named(track)))].join(", ");
      const label = `${variant.name}: ${places}, ${bars(variant.cells.map(([, bar]) => bar))}`;
      return h("li", {}, button(label, () => this.store.send("keep", { variant: number }), { "aria-pressed": String(variant.stands) }));
    });
    const none = h("p", { class: "hint" }, "Select bars, then choose Infill, Vary or Another take. What was there before stays in this list.");
    refill(this.element, ...(takes.length + variants.length ? [] : [none]),
      h("h3", {}, "Sound"), h("ul", {}, ...rendered, ...takeRows), h("h3", {}, "Score"), h("ul", {}, ...variantRows));
  }
}

/** Every step by name; a click goes there. */
export class Steps {
  readonly element = h("div", { role: "region", "aria-label": "History", class: "list" });

  constructor(private readonly store: Store) {
    store.addEventListener("change", () => this.show());
  }

  private show(): void {
    const { steps, position } = this.store.state.history;
    const row = (name: string, at: number) =>
      h("li", {}, button(name, () => this.store.send("history", { position: at }), { class: at > position ? "undone" : "", "aria-current": String(at === position) }));
    refill(this.element, h("ol", {}, row("as it was opened", 0), ...steps.map((name, i) => row(name, i + 1))));
    this.element.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }
}

/** What runs and waits, with what it had to say. */
export class Jobs {
  readonly element = h("div", { role: "region", "aria-label": "Jobs", class: "list" });

  constructor(private readonly store: Store) {
    store.addEventListener("change", () => this.show());
  }

  /** A job that changed. */
  update(job: api.Job): void {
    const { jobs } = this.store.state;
    const at = jobs.findIndex((one) => one.id === job.id);
    if (at < 0) jobs.push(job);
    else jobs[at] = job;
    this.show();
  }

  private show(): void {
    const rows = [...this.store.state.jobs].reverse().map((job) => {
      const runs = job.state === "running" || job.state === "queued";
      const share = h("progress", { max: "1", value: String(job.share), "aria-label": job.name });
      const cancel = button(`Cancel ${job.name}`, () => void api.cancelJob(job.id), { class: "small" }, "✕");
      return h("li", { class: job.state }, h("span", {}, `${job.name} (${job.state})`), ...(runs ? [share, cancel] : []), ...job.said.map((one) => h("p", { class: "hint" }, one)));
    });
    refill(this.element, h("ul", {}, ...rows));
  }
}

/** The bars around what is seen, engraved by the server. */
export class Notation {
  readonly element = h("div", { role: "region", "aria-label": "Notation", class: "notation" });
  private shown = "";

  constructor(
    private readonly store: Store,
    private readonly view: Viewport,
  ) {
    for (const source of [store, view]) source.addEventListener("change", () => this.show());
  }

  show(): void {
    if (!this.element.isConnected || this.element.hidden) return;
    const { sheet, state } = this.store;
    const first = barAt(sheet, this.view.ticks(0));
    const stop = Math.min(sheet.bars.length, first + 8);
    const key = `notation.svg?first=${first}&stop=${stop}&v=${state.version}`;
    if (key === this.shown) return;
    this.shown = key;
    const picture = h("img", { src: api.link(key), alt: `Notation of bars ${first + 1} to ${stop}` });
    picture.addEventListener("load", () => this.element.replaceChildren(picture));
    picture.addEventListener("error", () => this.element.replaceChildren(h("p", { class: "hint" }, "These bars cannot be engraved.")));
    if (!this.element.firstChild) this.element.append(picture);
  }
}
