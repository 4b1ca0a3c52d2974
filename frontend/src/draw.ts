/** The drawing of a pipeline: one framework-free module behind a model of three methods. */

import { Bar } from "./bar";
import { Card } from "./card";
import { Details } from "./details";
import { el, say, set, svg } from "./dom";
import { Flips, flipped } from "./flips";
import { goTo } from "./keyboard";
import { leavesRoomBeside, type Plan, plan, type View } from "./layout";
import type { Model, News } from "./model";
import { type PipelineSnapshot, type StepNode, UnknownShape } from "./snapshot";
import { look } from "./words";

const NONE = "No steps yet. Run a cell that begins with %%step and it appears here.";
const HELP =
  "Arrow keys move, Enter shows details, c flips caching, Shift c puts it back as set, r runs to here";
const TICK_MS = 250;

/** Draw what `model` says into `host` and follow it; the returned function ends that. */
export function draw(host: HTMLElement, model: Model): () => void {
  const drawing = new Drawing(host, model);
  return () => drawing.close();
}

class Drawing {
  private readonly flips: Flips;
  private readonly bar: Bar;
  private readonly details: Details;
  private readonly notice = el("div", { class: "znb-notice", role: "status", hidden: true });
  private readonly heard = el("div", { class: "znb-heard", "aria-live": "polite" });
  private readonly edges = svg("svg", { class: "znb-edges", "aria-hidden": "true" });
  private readonly stage = el("div", { class: "znb-stage" }, this.edges);
  private readonly scroller = el("div", { class: "znb-scroller" });
  private readonly root: HTMLElement;
  private readonly cards = new Map<string, Card>();
  private readonly resized: ResizeObserver;
  private readonly unsubscribe: () => void;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private snapshot: PipelineSnapshot | null = null;
  private found: Plan | null = null;
  private shape = "";
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
    this.bar = new Bar({
      send: (ask) => this.send(() => model.send(ask)),
      flipRun: (value) => this.send(() => this.flips.ask(null, value)),
      switchView: () => this.switchView(),
    });
    this.details = new Details({
      flip: (id, value) => this.flip(id, value),
      runTo: (id) => this.runTo(id),
      close: () => this.select(null),
    });
    this.scroller.append(this.stage);
    set(this.stage, "role", "group");
    set(this.stage, "aria-label", `Steps. ${HELP}`);
    const main = el("div", { class: "znb-main" }, this.scroller, this.details.element);
    this.root = el("div", { class: "znb", "data-lm-suppress-shortcuts": "true" });
    this.root.append(this.bar.element, this.notice, main, this.heard);
    host.replaceChildren(this.root);
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.stage.addEventListener("focusin", (event) => this.onFocus(event));
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
    this.drawCards(next);
    this.arrange(next);
    this.drawRest(next);
  }

  private announce(before: PipelineSnapshot | null, after: PipelineSnapshot): void {
    if (before === null) return;
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

  private drawCards(snapshot: PipelineSnapshot): void {
    const now = Date.now() / 1000;
    const ids = new Set(snapshot.nodes.map((node) => node.id));
    for (const [id, card] of this.cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    for (const node of snapshot.nodes) {
      this.card(node.id).update(node, this.flips.shown(node.name, node.cache), now);
    }
    if (this.current === null || !ids.has(this.current)) {
      this.current = snapshot.nodes[0]?.id ?? null;
    }
    if (this.selected !== null && !ids.has(this.selected)) this.selected = null;
    this.follow(snapshot.nodes.some((node) => node.state === "running"));
  }

  private card(id: string): Card {
    const known = this.cards.get(id);
    if (known) return known;
    const card = new Card(id, {
      flip: (which) => this.flip(which),
      runTo: (which) => this.runTo(which),
      select: (which) => this.select(this.selected === which ? null : which),
      preview: (which, on) => this.preview(on ? which : null),
    });
    this.cards.set(id, card);
    this.stage.append(card.element);
    return card;
  }

  private follow(running: boolean): void {
    if (running === (this.ticking !== undefined)) return;
    clearInterval(this.ticking);
    this.ticking = running ? setInterval(() => this.tick(), TICK_MS) : undefined;
  }

  private tick(): void {
    const now = Date.now() / 1000;
    for (const card of this.cards.values()) card.tick(now);
    this.details.tick(now);
  }

  /** Lay out again only where the shape of the graph or of the page changed. */
  private arrange(snapshot: PipelineSnapshot): void {
    const width = this.root.clientWidth;
    const ends = snapshot.edges.map((edge) => [edge.source, edge.target]);
    const ids = snapshot.nodes.map((node) => node.id);
    const shape = JSON.stringify([ids, ends, this.view, width]);
    if (shape === this.shape || width === 0) return;
    this.shape = shape;
    this.width = width;
    const found = plan(snapshot.nodes, snapshot.edges, width, this.view);
    this.found = found;
    set(this.root, "data-view", found.view);
    const beside = leavesRoomBeside(found, width);
    set(this.root, "data-beside", beside);
    this.scroller.style.setProperty("--znb-height", `${found.height}px`);
    this.stage.style.width = found.view === "list" ? "" : `${found.width}px`;
    this.stage.style.height = `${found.height}px`;
    this.root.style.setProperty("--znb-graph-width", `${found.width}px`);
    for (const id of ids) {
      const box = found.boxes.get(id);
      if (box) this.card(id).place(box, found.dots.get(id), found.inset);
    }
    this.drawEdges(found);
    this.keepOrder(ids);
  }

  private drawEdges(found: Plan): void {
    set(this.edges, "width", found.width);
    set(this.edges, "height", found.height);
    this.edges.replaceChildren(
      ...found.routes.map((route) => {
        const line = svg("path", { class: "znb-line", d: route.path });
        const head = svg("path", { class: "znb-tip", d: route.head });
        const ends = { "data-source": route.source, "data-target": route.target };
        return svg("g", { class: "znb-edge", ...ends }, line, head);
      }),
    );
  }

  /** The order of the page is the order of the steps, for those who hear it. */
  private keepOrder(ids: readonly string[]): void {
    const shown = [...this.stage.children].slice(1);
    const wanted = ids.map((id) => this.card(id).element);
    if (wanted.some((element, index) => shown[index] !== element)) this.stage.append(...wanted);
  }

  private drawRest(snapshot: PipelineSnapshot): void {
    const run = this.flips.shown(null, snapshot.run.cache);
    this.bar.update(snapshot, run, this.found?.view === "list");
    const node = this.nodeOf(this.selected);
    const shown = node ? this.flips.shown(node.name, node.cache) : null;
    this.details.update(node, snapshot, shown);
    for (const [id, card] of this.cards) {
      set(card.element, "tabindex", id === this.current ? 0 : -1);
      set(card.element, "data-selected", id === this.selected);
      set(card.element, "aria-current", id === this.selected ? "true" : null);
    }
    for (const edge of this.edges.children) {
      const ends = [edge.getAttribute("data-source"), edge.getAttribute("data-target")];
      set(edge, "data-near", this.selected !== null && ends.includes(this.selected));
    }
  }

  /** Mark what a flip to off would make run: the step, and perhaps what is below it. */
  private preview(id: string | null): void {
    const node = this.nodeOf(id);
    const first = node?.cache.enabled ? node.id : null;
    const below = first === null ? new Set<string>() : this.below(first);
    for (const [each, card] of this.cards) {
      set(card.element, "data-would", each === first ? "run" : below.has(each) ? "maybe" : null);
    }
  }

  private below(id: string): Set<string> {
    const reached = new Set<string>();
    const todo = [id];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      for (const edge of this.snapshot?.edges ?? []) {
        if (edge.source !== at || reached.has(edge.target)) continue;
        reached.add(edge.target);
        todo.push(edge.target);
      }
    }
    return reached;
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
    const node = this.nodeOf(id);
    if (node) this.send(() => this.model.send({ kind: "run", to: node.name, all: false }));
  }

  private select(id: string | null): void {
    if (id === null && this.details.element.contains(document.activeElement)) {
      this.cards.get(this.selected ?? "")?.element.focus();
    }
    this.selected = id;
    if (id !== null) this.current = id;
    if (this.snapshot) this.drawRest(this.snapshot);
  }

  private switchView(): void {
    this.view = this.found?.view === "list" ? this.graphView() : "list";
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
    const card = (event.target as Element).closest(".znb-card");
    for (const [id, each] of this.cards) {
      if (each.element !== card || this.current === id) continue;
      this.current = id;
      if (this.snapshot) this.drawRest(this.snapshot);
    }
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
    else if (key === "Enter" || key === " ") this.select(this.selected === id ? null : id);
    else return this.move(id, key);
    return true;
  }

  private move(id: string, key: string): boolean {
    const next = this.found === null ? null : goTo(this.found, id, key);
    if (next === null) return key.startsWith("Arrow");
    const card = this.card(next).element;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    return true;
  }
}
