/** The steps and their edges on the page: cards among cards, or rows beside lanes. */

import { Card, type CardActions } from "./card";
import { el, set, svg } from "./dom";
import type { ShownSwitch } from "./flips";
import { FoldRow } from "./foldrow";
import { type Filter, LONG, type Shown, shown } from "./folds";
import { leavesRoomBeside, type Plan, plan, type View } from "./layout";
import type { PipelineSnapshot, StepNode } from "./snapshot";

export interface StageActions extends CardActions {
  /** The place or the view of steps has changed. */
  laidOut(found: Plan, beside: boolean): void;
}

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
  private readonly cards = new Map<string, Card>();
  private readonly folds = new Map<string, FoldRow>();
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

  /** Return what an element of the page belongs to. */
  idOf(element: Element | null): string | null {
    return this.ids.find((id) => this.elementOf(id) === element) ?? null;
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
    for (const edge of this.edges.children) {
      const ends = [edge.getAttribute("data-source"), edge.getAttribute("data-target")];
      set(edge, "data-near", selected !== null && ends.includes(selected));
    }
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
      }
    }
  }

  private card(id: string): Card {
    const known = this.cards.get(id);
    if (known) return known;
    const card = new Card(id, this.actions);
    this.cards.set(id, card);
    return card;
  }

  private fold(id: string): FoldRow {
    const known = this.folds.get(id);
    if (known) return known;
    const row = new FoldRow(id, (which) => this.open(which));
    this.folds.set(id, row);
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

  private drawEdges(found: Plan): void {
    set(this.edges, "width", found.width);
    set(this.edges, "height", found.height);
    this.edges.replaceChildren(
      ...found.routes.map((route) => {
        const line = svg("path", { class: "znb-line", d: route.path });
        const head = svg("path", { class: "znb-tip", d: route.head });
        const ends = { "data-source": route.source, "data-target": route.target };
        return svg("g", { class: "znb-edge", ...ends }, line, ...(route.head ? [head] : []));
      }),
    );
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
