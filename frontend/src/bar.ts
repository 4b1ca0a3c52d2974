/** The run bar: what would run, the buttons that do it, the run's toggle and the totals. */

import { el, say, set } from "./dom";
import type { ShownSwitch } from "./flips";
import { SIGNS, sign } from "./icons";
import type { Ask, PipelineSnapshot, RunBar } from "./snapshot";
import { ThreePositions } from "./switches";
import { bytes, duration, forecast } from "./words";

export interface BarActions {
  send(ask: Ask): void;
  flipRun(value: boolean | null): void;
  previewRun(value: boolean | null, on: boolean): void;
  switchView(): void;
}

export class Bar {
  readonly element: HTMLElement;
  private readonly title = el("strong", { class: "znb-title" });
  private readonly run: HTMLButtonElement;
  private readonly runLabel = el("span");
  private readonly runAll: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;
  private readonly view: HTMLButtonElement;
  private readonly three: ThreePositions;
  private readonly forecast = el("span", { class: "znb-forecast" });
  private would = "";
  private known: RunBar | null = null;
  private readonly totals = el("span", { class: "znb-totals" });

  constructor(actions: BarActions) {
    this.run = button("znb-go", () => actions.send({ kind: "run", to: null, all: false }));
    this.run.append(sign(SIGNS.play), this.runLabel);
    this.runAll = button("znb-all", () => actions.send({ kind: "run", to: null, all: true }));
    this.runAll.append("Run all");
    this.stop = button("znb-stop", () => actions.send({ kind: "stop" }));
    this.stop.append(sign(SIGNS.stop), "Stop");
    this.clear = button("znb-clear", () => actions.send({ kind: "clear_toggles" }));
    this.view = button("znb-view", () => actions.switchView());
    this.three = new ThreePositions(
      "Caching for this run",
      (value) => actions.flipRun(value),
      (value, on) => actions.previewRun(value, on),
    );
    const cache = el("span", { class: "znb-cache" }, "Cache this run", this.three.element);
    this.element = el(
      "div",
      { class: "znb-bar", role: "toolbar", "aria-label": "Run the pipeline" },
      this.title,
      el("span", { class: "znb-buttons" }, this.run, this.runAll, this.stop),
      cache,
      this.clear,
      el("span", { class: "znb-sums" }, this.forecast, this.totals),
      this.view,
    );
  }

  update(snapshot: PipelineSnapshot, shown: ShownSwitch, isList: boolean): void {
    const { run } = snapshot;
    say(this.title, snapshot.pipeline);
    set(this.title, "title", snapshot.pipeline);
    say(this.runLabel, run.to_run > 0 ? `Run (${run.to_run} to run)` : "Run");
    set(this.run, "title", "Run what changed and what depends on it");
    set(this.runAll, "title", "Run every step afresh, without reading the cache");
    for (const each of [this.run, this.runAll]) set(each, "hidden", run.running);
    set(this.stop, "hidden", !run.running);
    set(this.run, "data-idle", run.to_run === 0);
    this.three.update(shown);
    const set_ = snapshot.nodes.filter((node) => node.cache.toggle !== null).length;
    say(this.clear, set_ === 1 ? "Clear 1 toggle" : `Clear ${set_} toggles`);
    set(this.clear, "hidden", set_ === 0);
    this.known = run;
    this.foretell();
    say(this.totals, totals(run));
    say(this.view, isList ? "Graph" : "List");
    set(this.view, "title", isList ? "Show as a graph" : "Show as a list");
  }

  /** Say what a flip would make run instead of the forecast, or the forecast again (`""`). */
  preview(would: string): void {
    this.would = would;
    this.foretell();
  }

  private foretell(): void {
    set(this.forecast, "data-would", this.would !== "");
    const said = this.would || (this.known === null ? "" : forecast(this.known));
    say(this.forecast, said);
    set(this.forecast, "title", said);
  }
}

function totals(run: RunBar): string {
  const parts: string[] = [];
  if (run.saved_s > 0) parts.push(`saved ${duration(run.saved_s)}`);
  if (run.store_bytes > 0) {
    const limit = run.store_limit_bytes > 0 ? ` of ${bytes(run.store_limit_bytes)}` : "";
    parts.push(`store ${bytes(run.store_bytes)}${limit}`);
  }
  return parts.join(" · ");
}

function button(kind: string, onClick: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", class: `znb-button ${kind}` });
  made.addEventListener("click", onClick);
  return made;
}
