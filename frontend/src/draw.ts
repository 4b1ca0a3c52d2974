/** The drawing of a pipeline: one framework-free module behind a model of a few methods. */

import { Bar } from "./bar";
import { Details } from "./details";
import { el, say, set } from "./dom";
import { FilterBar } from "./filterbar";
import { Flips, flipped } from "./flips";
import { goTo } from "./keyboard";
import { type Plan, plan, type View } from "./layout";
import type { Model, News } from "./model";
import {
  type Ask,
  type PipelineSnapshot,
  type StepDetails,
  type StepNode,
  UnknownShape,
} from "./snapshot";
import { Stage } from "./stage";
import { look, wouldRun } from "./words";

const NONE = "No steps yet. Run a cell that begins with %%step and it appears here.";
const TICK_MS = 250;

/** Draw what `model` says into `host` and follow it; the returned function ends that. */
export function draw(host: HTMLElement, model: Model): () => void {
  const drawing = new Drawing(host, model);
  return () => drawing.close();
}

class Drawing {
  private readonly flips: Flips;
  private readonly bar: Bar;
  private readonly filter: FilterBar;
  private readonly stage: Stage;
  private readonly details: Details;
  private readonly notice = el("div", { class: "znb-notice", role: "status", hidden: true });
  private readonly heard = el("div", { class: "znb-heard", "aria-live": "polite" });
  private readonly root: HTMLElement;
  private readonly resized: ResizeObserver;
  private readonly unsubscribe: () => void;
  private readonly more = new Map<string, StepDetails>();
  private asked: StepNode | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private snapshot: PipelineSnapshot | null = null;
  private selected: string | null = null;
  private current: string | null = null;
  private refused = "";
  private view: View | "auto" = "auto";
  private width = 0;

  constructor(
    host: HTMLElement,
    private readonly model: Model,
  ) {
    this.flips = new Flips(model, () => this.refresh());
    this.filter = new FilterBar(() => this.refresh());
    this.bar = new Bar({
      send: (ask) => this.send(() => model.send(ask)),
      flipRun: (value) => this.send(() => this.flips.ask(null, value)),
      previewRun: (value, on) => this.previewRun(on ? value : undefined),
      switchView: () => this.switchView(),
    });
    const goToCell = model.goTo?.bind(model);
    this.details = new Details({
      flip: (id, value) => this.flip(id, value),
      runTo: (id) => this.runTo(id),
      pin: (id, value) => this.ask(id, (step) => ({ kind: "pin", step, value })),
      forget: (id) => this.ask(id, (step) => ({ kind: "forget", step })),
      close: () => this.select(null),
      ...(goToCell ? { goTo: goToCell } : {}),
    });
    this.stage = new Stage(
      this.filter.filter,
      {
        flip: (which) => this.flip(which),
        runTo: (which) => this.runTo(which),
        select: (which) => this.click(which),
        preview: (which, on) => this.preview(on ? which : null),
        laidOut: (found, beside) => this.laidOut(found, beside),
      },
      () => this.refresh(),
    );
    const main = el("div", { class: "znb-main" }, this.stage.scroller, this.details.element);
    this.root = el("div", { class: "znb", "data-lm-suppress-shortcuts": "true" });
    this.root.append(this.bar.element, this.notice, this.filter.element, main, this.heard);
    host.replaceChildren(this.root);
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.stage.element.addEventListener("focusin", (event) => this.onFocus(event));
    this.resized = new ResizeObserver(() => this.onResize());
    this.resized.observe(host);
    this.unsubscribe = model.subscribe((news) => this.onNews(news));
    this.refresh();
  }

  close(): void {
    this.unsubscribe();
    this.resized.disconnect();
    this.flips.close();
    clearInterval(this.ticking);
    this.root.remove();
  }

  // -- following ------------------------------------------------------------------------

  private onNews(news: News): void {
    if (news.kind === "refused") {
      this.flips.refuse(news.refusal);
      this.refused = news.refusal.text;
    } else if (news.kind === "details") {
      this.more.set(news.step, news.details);
    }
    this.refresh();
  }

  private refresh(): void {
    let next: PipelineSnapshot;
    try {
      next = this.model.get();
    } catch (error) {
      if (!(error instanceof UnknownShape)) throw error;
      this.tell(error.message);
      return;
    }
    this.announce(this.snapshot, next);
    this.snapshot = next;
    this.flips.settle(next);
    this.tell(this.refused || next.message || (next.nodes.length === 0 ? NONE : ""));
    this.arrange(next);
    this.follow(next.nodes.some((node) => node.state === "running"));
    this.drawRest(next);
  }

  private announce(before: PipelineSnapshot | null, after: PipelineSnapshot): void {
    if (before === null || before.nodes === after.nodes) return;
    const old = new Map(before.nodes.map((node) => [node.id, node.state]));
    const changes = after.nodes
      .filter((node) => old.has(node.id) && old.get(node.id) !== node.state)
      .map((node) => `${node.name}: ${look(node.state).word}`);
    if (changes.length > 0) say(this.heard, changes.slice(0, 5).join("; "));
  }

  private tell(text: string): void {
    say(this.notice, text);
    set(this.notice, "hidden", text === "");
    set(this.notice, "data-refused", this.refused !== "");
  }

  // -- drawing --------------------------------------------------------------------------

  private arrange(snapshot: PipelineSnapshot): void {
    this.width = this.root.clientWidth;
    this.stage.update(snapshot, this.width, this.view, (node) =>
      this.flips.shown(node.name, node.cache),
    );
    this.filter.update(this.stage.isLong, this.stage.hidden);
    const ids = new Set(snapshot.nodes.map((node) => node.id));
    if (this.current === null || !this.stage.has(this.current)) this.current = this.stage.first;
    if (this.selected !== null && !ids.has(this.selected)) this.selected = null;
  }

  private laidOut(found: Plan, beside: boolean): void {
    set(this.root, "data-view", found.view);
    set(this.root, "data-beside", beside);
    this.root.style.setProperty("--znb-graph-width", `${found.width}px`);
  }

  private follow(running: boolean): void {
    if (running === (this.ticking !== undefined)) return;
    clearInterval(this.ticking);
    this.ticking = running ? setInterval(() => this.tick(), TICK_MS) : undefined;
  }

  private tick(): void {
    const now = Date.now() / 1000;
    this.stage.tick(now);
    this.details.tick(now);
  }

  private drawRest(snapshot: PipelineSnapshot): void {
    const run = this.flips.shown(null, snapshot.run.cache);
    this.bar.update(snapshot, run, this.stage.found?.view === "list");
    const node = this.nodeOf(this.selected);
    this.learn(node);
    const shown = node ? this.flips.shown(node.name, node.cache) : null;
    this.details.update(node, snapshot, shown, node ? (this.more.get(node.name) ?? null) : null);
    this.stage.mark(this.current, this.selected);
  }

  /** Ask for what is known of the opened step, once for each state of it. */
  private learn(node: StepNode | null): void {
    if (node === this.asked) return;
    const before = this.asked;
    this.asked = node;
    if (node === null || (before?.id === node.id && node.state === "running")) return;
    this.model.send({ kind: "details", step: node.name });
  }

  // -- what a flip would do -------------------------------------------------------------

  /** Show what a flip of a step would make run: the step, and perhaps what is below it. */
  private preview(id: string | null): void {
    const node = this.nodeOf(id);
    if (node === null) {
      this.foretell([], [], "");
    } else if (node.cache.enabled) {
      const below = this.below([node.id]);
      this.foretell([node], below, `Off: ${wouldRun([node], below)}`);
    } else {
      this.foretell([], [], `On: ${node.name} is reused where nothing changed`);
    }
  }

  private previewRun(value: boolean | null | undefined): void {
    const all = this.snapshot?.nodes ?? [];
    if (value === undefined) this.foretell([], [], "");
    else if (value === false) this.foretell(all, [], `Off: ${wouldRun(all, [])}`);
    else if (value) this.foretell([], [], "On: every step is reused where nothing changed");
    else this.foretell([], [], "As set: by each step, the pipeline and the project");
  }

  private foretell(sure: readonly StepNode[], below: readonly StepNode[], words: string): void {
    const ids = (nodes: readonly StepNode[]): Set<string> => new Set(nodes.map(({ id }) => id));
    this.stage.foretell(ids(sure), ids(below));
    this.bar.preview(words);
  }

  private below(from: readonly string[]): StepNode[] {
    const reached = new Set<string>();
    const todo = [...from];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      for (const edge of this.snapshot?.edges ?? []) {
        if (edge.source !== at || reached.has(edge.target)) continue;
        reached.add(edge.target);
        todo.push(edge.target);
      }
    }
    return (this.snapshot?.nodes ?? []).filter((node) => reached.has(node.id));
  }

  // -- acting ---------------------------------------------------------------------------

  private nodeOf(id: string | null): StepNode | null {
    return this.snapshot?.nodes.find((node) => node.id === id) ?? null;
  }

  private send(ask: () => void): void {
    this.refused = "";
    ask();
    this.refresh();
  }

  private flip(id: string, value?: boolean | null): void {
    const node = this.nodeOf(id);
    if (node === null) return;
    const shown = this.flips.shown(node.name, node.cache);
    const wanted = value === undefined ? flipped(shown) : value;
    this.send(() => this.flips.ask(node.name, wanted));
  }

  private runTo(id: string): void {
    this.ask(id, (to) => ({ kind: "run", to, all: false }));
  }

  /** Send what is to be done with a step, by its name. */
  private ask(id: string, make: (name: string) => Ask): void {
    const node = this.nodeOf(id);
    if (node) this.send(() => this.model.send(make(node.name)));
  }

  private click(id: string): void {
    this.model.goTo?.(id);
    this.select(this.selected === id ? null : id);
  }

  private select(id: string | null): void {
    if (id === null && this.details.element.contains(document.activeElement)) {
      this.stage.elementOf(this.selected ?? "")?.focus();
    }
    this.selected = id;
    if (id !== null) this.current = id;
    if (this.snapshot) this.drawRest(this.snapshot);
  }

  private switchView(): void {
    this.view = this.stage.found?.view === "list" ? this.graphView() : "list";
    this.refresh();
  }

  private graphView(): View {
    if (this.snapshot === null) return "right";
    const { nodes, edges } = this.snapshot;
    const right = plan(nodes, edges, this.width, "right");
    return right.width <= this.width ? "right" : "down";
  }

  private onResize(): void {
    if (this.root.clientWidth === this.width || this.snapshot === null) return;
    this.arrange(this.snapshot);
    this.drawRest(this.snapshot);
  }

  private onFocus(event: FocusEvent): void {
    const id = this.stage.idOf(event.target as Element);
    if (id === null || this.current === id) return;
    this.current = id;
    this.stage.mark(this.current, this.selected);
  }

  /** Keys belong to the drawing while it has the focus: the notebook must not act on them. */
  private onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && this.selected !== null) {
      this.select(null);
      event.preventDefault();
      return;
    }
    const target = event.target as Element;
    if (!target.classList.contains("znb-card") || this.current === null) return;
    if (this.act(this.current, event.key)) event.preventDefault();
  }

  private act(id: string, key: string): boolean {
    if (key === "c") this.flip(id);
    else if (key === "C") this.flip(id, null);
    else if (key === "r") this.runTo(id);
    else if (key === "g" && this.model.goTo) this.model.goTo(id);
    else if (key !== "Enter" && key !== " ") return this.move(id, key);
    else if (!this.stage.open(id)) this.select(this.selected === id ? null : id);
    return true;
  }

  private move(id: string, key: string): boolean {
    const next = this.stage.found === null ? null : goTo(this.stage.found, id, key);
    if (next === null) return key.startsWith("Arrow");
    const element = this.stage.elementOf(next);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return true;
  }
}
