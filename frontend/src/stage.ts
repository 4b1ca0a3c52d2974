/** The steps and their edges on the page: cards among cards, or rows beside lanes. */

import { Card } from "./card";
import { el, set, svg } from "./dom";
import type { ShownSwitch } from "./flips";
import { FoldRow } from "./foldrow";
import { type Filter, LONG, type Shown, shown } from "./folds";
import { leavesRoomBeside, type Plan, plan, type Route, type View } from "./layout";
import type { PipelineSnapshot, StepNode } from "./snapshot";
import { LOOKS } from "./switches";

export interface StageActions {
  flip(id: string): void;
  runTo(id: string): void;
  select(id: string): void;
  /** Show what a flip would make run, or stop showing it. */
  preview(id: string, on: boolean): void;
  /** The place or the view of steps has changed. */
  laidOut(found: Plan, beside: boolean): void;
}

const MOST_EDGES = 300;
const HELP =
  "Arrow keys move, Enter shows details, c flips caching, Shift c puts it back as set, r runs to here";

export class Stage {
  readonly element: HTMLElement;
  readonly scroller = el("div", { class: "znb-scroller" });
  found: Plan | null = null;
  /** Whether the list is long enough to be filtered. */
  isLong = false;
  hidden = 0;
  private readonly edges = svg("svg", { class: "znb-edges", "aria-hidden": "true" });
  private readonly nearEdges = svg("g", { class: "znb-near" });
  private near: string | null = null;
  private readonly cards = new Map<string, Card>();
  private readonly folds = new Map<string, FoldRow>();
  private readonly owners = new Map<Element | null, string>();
  private readonly opened = new Set<string>();
  private ids: readonly string[] = [];
  private shape = "";

  constructor(
    private readonly filter: Filter,
    private readonly actions: StageActions,
    private readonly changed: () => void,
  ) {
    this.element = el("div", { class: "znb-stage", role: "group" }, this.edges);
    set(this.element, "aria-label", `Steps. ${HELP}`);
    this.scroller.append(this.element);
    this.element.addEventListener("click", (event) => this.onClick(event.target as Element));
    for (const [event, on] of LOOKS) {
      const look = ({ target }: Event): void => this.onLook(target as Element, on);
      this.element.addEventListener(event, look, true);
    }
  }

  /** Draw the steps of `snapshot`, laid out again only where shape or width changed. */
  update(
    snapshot: PipelineSnapshot,
    width: number,
    view: View | "auto",
    shownOf: (node: StepNode) => ShownSwitch,
  ): void {
    const { drawn, found, isNew } = this.layOut(snapshot, width, view);
    this.drop(drawn);
    const now = Date.now() / 1000;
    for (const node of drawn.nodes) {
      const fold = drawn.folds.get(node.id);
      if (fold) this.fold(node.id).update(fold);
      else this.card(node.id).update(node, shownOf(node), now);
    }
    if (found && isNew) this.place(drawn, found, width);
  }

  /** Return the element of a step or of a fold that is drawn. */
  elementOf(id: string): HTMLElement | null {
    return this.cards.get(id)?.element ?? this.folds.get(id)?.element ?? null;
  }

  /** Return the step or fold that an element of the page belongs to. */
  idOf(element: Element | null): string | null {
    return this.owners.get(element?.closest(".znb-card") ?? null) ?? null;
  }

  get first(): string | null {
    return this.ids[0] ?? null;
  }

  has(id: string): boolean {
    return this.cards.has(id) || this.folds.has(id);
  }

  /** Spread a fold out; tells whether `id` is one. */
  open(id: string): boolean {
    const fold = this.folds.get(id);
    if (fold === undefined) return false;
    const hadFocus = fold.element === document.activeElement;
    this.opened.add(id);
    this.changed();
    if (hadFocus) this.elementOf(id.replace("fold:", ""))?.focus();
    return true;
  }

  mark(current: string | null, selected: string | null): void {
    for (const id of this.ids) {
      const element = this.elementOf(id);
      if (element === null) continue;
      set(element, "tabindex", id === current ? 0 : -1);
      set(element, "data-selected", id === selected);
      set(element, "aria-current", id === selected ? "true" : null);
    }
    if (selected !== this.near) this.markEdges(selected);
  }

  /** Draw the edges of one step once more, above the others. */
  private markEdges(selected: string | null): void {
    this.near = selected;
    const near = (this.found?.routes ?? []).filter(
      ({ source, target }) => selected !== null && (source === selected || target === selected),
    );
    this.nearEdges.replaceChildren(...near.map((route) => edge(route)));
  }

  private onClick(target: Element): void {
    const id = this.idOf(target);
    if (id === null || this.open(id)) return;
    if (target.closest(".znb-switch")) this.actions.flip(id);
    else if (target.closest(".znb-to")) this.actions.runTo(id);
    else this.actions.select(id);
  }

  private onLook(target: Element, on: boolean): void {
    if (!target.classList.contains("znb-switch")) return;
    const id = this.idOf(target);
    if (id !== null) this.actions.preview(id, on);
  }

  /** Mark what would run for sure, and what perhaps. */
  foretell(sure: ReadonlySet<string>, maybe: ReadonlySet<string>): void {
    for (const [id, card] of this.cards) {
      set(card.element, "data-would", sure.has(id) ? "run" : maybe.has(id) ? "maybe" : null);
    }
  }

  tick(now: number): void {
    for (const card of this.cards.values()) card.tick(now);
  }

  private layOut(
    snapshot: PipelineSnapshot,
    width: number,
    view: View | "auto",
  ): { drawn: Shown; found: Plan | null; isNew: boolean } {
    const { nodes, edges } = snapshot;
    const whole: Shown = { nodes, edges, folds: new Map(), hidden: 0 };
    if (width === 0) return { drawn: whole, found: null, isNew: false };
    const asList = view === "list" || (this.isLong && view === "auto");
    const drawn = asList && nodes.length >= LONG ? this.filtered(snapshot) : whole;
    const ends = drawn.edges.map((edge) => `${edge.source}\n${edge.target}`);
    const shape = [width, view, ...drawn.nodes.map((node) => node.id), "", ...ends].join("\n");
    if (shape === this.shape) return { drawn, found: this.found, isNew: false };
    const found = plan(drawn.nodes, drawn.edges, width, drawn === whole ? view : "list");
    const isLong = found.view === "list" && nodes.length >= LONG;
    if (isLong && drawn === whole) {
      this.isLong = true;
      return this.layOut(snapshot, width, view);
    }
    this.isLong = isLong;
    this.hidden = drawn.hidden;
    this.shape = shape;
    this.found = found;
    return { drawn, found, isNew: true };
  }

  private filtered({ nodes, edges }: PipelineSnapshot): Shown {
    return shown(nodes, edges, this.filter, this.opened);
  }

  private drop(drawn: Shown): void {
    const kept = new Set(drawn.nodes.map((node) => node.id));
    for (const all of [this.cards, this.folds]) {
      for (const [id, one] of all) {
        if (kept.has(id) && drawn.folds.has(id) === (one instanceof FoldRow)) continue;
        one.element.remove();
        all.delete(id);
        this.owners.delete(one.element);
      }
    }
  }

  private card(id: string): Card {
    const known = this.cards.get(id);
    if (known) return known;
    const card = new Card(id);
    this.cards.set(id, card);
    this.owners.set(card.element, id);
    return card;
  }

  private fold(id: string): FoldRow {
    const known = this.folds.get(id);
    if (known) return known;
    const row = new FoldRow(id);
    this.folds.set(id, row);
    this.owners.set(row.element, id);
    return row;
  }

  private place(drawn: Shown, found: Plan, width: number): void {
    this.ids = drawn.nodes.map((node) => node.id);
    this.scroller.style.setProperty("--znb-height", `${found.height}px`);
    this.element.style.width = found.view === "list" ? "" : `${found.width}px`;
    this.element.style.height = `${found.height}px`;
    for (const id of this.ids) {
      const box = found.boxes.get(id);
      const one = this.cards.get(id) ?? this.folds.get(id);
      if (box) one?.place(box, found.dots.get(id), found.inset);
    }
    this.drawEdges(found);
    this.keepOrder();
    this.actions.laidOut(found, leavesRoomBeside(found, width));
  }

  /** Many edges are one line: two thousand elements would take as long as all the rest. */
  private drawEdges(found: Plan): void {
    set(this.edges, "width", found.width);
    set(this.edges, "height", found.height);
    const drawn =
      found.routes.length > MOST_EDGES ? [edge(all(found.routes))] : found.routes.map(edge);
    this.edges.replaceChildren(...drawn, this.nearEdges);
    this.markEdges(this.near);
  }

  /** The order of the page is the order of the steps, for those who hear it. */
  private keepOrder(): void {
    const wanted = this.ids.map((id) => this.elementOf(id) as HTMLElement);
    const there = this.element.children;
    if (there.length === wanted.length + 1 && wanted.every((one, at) => there[at + 1] === one)) {
      return;
    }
    this.element.append(...wanted);
  }
}

function edge(route: Route): SVGGElement {
  const line = svg("path", { class: "znb-line", d: route.path });
  const ends = { "data-source": route.source, "data-target": route.target };
  const head = route.head ? [svg("path", { class: "znb-tip", d: route.head })] : [];
  return svg("g", { class: "znb-edge", ...ends }, line, ...head);
}

function all(routes: readonly Route[]): Route {
  const path = routes.map((route) => route.path).join("");
  return { source: "", target: "", path, head: routes.map((route) => route.head).join("") };
}
