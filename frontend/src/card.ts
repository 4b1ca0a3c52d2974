/** One step as it is drawn: a card among cards, or a row of the list. */

import { el, say, set } from "./dom";
import type { ShownSwitch } from "./flips";
import { SIGNS, StateIcon, sign } from "./icons";
import type { Box, Point } from "./layout";
import type { StepNode } from "./snapshot";
import { FlipSwitch } from "./switches";
import { clause, look, spoken, timings } from "./words";

/** A card without a step; each card is a copy, which is much cheaper than making its parts. */
let blank: HTMLElement | null = null;

function copyOfBlank(): HTMLElement {
  blank ??= el(
    "div",
    { class: "znb-card", role: "group", "aria-roledescription": "step", tabindex: -1 },
    StateIcon.blank(),
    el("span", { class: "znb-name" }),
    el("span", { class: "znb-state" }, el("span", { class: "znb-word" }), el("span", { class: "znb-clause" })),
    el("span", { class: "znb-foot" }, el("span", { class: "znb-timings" }), el("span", { class: "znb-badges" })),
    FlipSwitch.blank(),
    el(
      "button",
      {
        type: "button",
        class: "znb-to",
        tabindex: -1,
        "aria-label": "Run to here",
        title: "Run to here (r)",
      },
      sign(SIGNS.toHere),
    ),
    el("span", { class: "znb-progress" }),
  );
  return blank.cloneNode(true) as HTMLElement;
}

export class Card {
  readonly element = copyOfBlank();
  private readonly icon: StateIcon;
  private readonly name: Element;
  private readonly word: Element;
  private readonly clause: Element;
  private readonly timings: Element;
  private readonly badges: Element;
  private readonly progress: HTMLElement;
  private readonly flip: FlipSwitch;
  private drawn = "";
  private node: StepNode | null = null;

  constructor(readonly id: string) {
    const [icon, name, state, foot, flip, , progress] = this.element.children;
    this.icon = new StateIcon(icon as SVGSVGElement);
    this.name = name as Element;
    [this.word, this.clause] = state?.children as unknown as [Element, Element];
    [this.timings, this.badges] = foot?.children as unknown as [Element, Element];
    this.flip = new FlipSwitch(flip as HTMLButtonElement);
    this.progress = progress as HTMLElement;
  }

  /** Draw `node`; does nothing where nothing of it changed. */
  update(node: StepNode, shown: ShownSwitch, now: number): void {
    const flip = `${shown.toggle} ${shown.enabled} ${shown.pending} ${shown.source}`;
    if (node !== this.node || flip !== this.drawn) {
      this.node = node;
      this.drawn = flip;
      this.redraw(node, shown, now);
    }
    this.tick(now);
  }

  /** Move the elapsed time on; the rest stays. */
  tick(now: number): void {
    if (this.node?.state !== "running") return;
    const said = clause(this.node, now);
    say(this.clause, ` · ${said}`);
    const last = this.node.duration_s;
    const started = this.node.started_at;
    const share = last && started ? Math.min(0.96, (now - started) / last) : 0;
    this.progress.style.width = `${(share * 100).toFixed(1)}%`;
  }

  place(box: Box, dot: Point | undefined, inset: number): void {
    this.element.style.cssText = placed(box, inset, dot !== undefined);
    this.icon.element.style.left = dot ? `${dot.x - 9}px` : "";
  }

  private redraw(node: StepNode, shown: ShownSwitch, now: number): void {
    const said = clause(node, now);
    const word = shown.pending ? "pending" : look(node.state).word;
    set(this.element, "data-state", node.state);
    set(this.element, "data-step", node.name);
    set(this.element, "data-pending", shown.pending);
    set(this.element, "aria-label", spoken(node, now));
    set(this.element, "title", hover(node));
    this.icon.update(node.state);
    say(this.name, node.name);
    say(this.word, word);
    say(this.clause, said === "" ? "" : ` · ${said}`);
    say(this.timings, timings(node));
    if (node.badges.length > 0 || this.badges.firstChild !== null) {
      this.badges.replaceChildren(
        ...node.badges.map((badge) => el("span", { class: "znb-badge" }, badge)),
      );
    }
    this.flip.update(node.name, shown);
  }
}

/** Return the style of a card at its place. */
export function placed({ x, y, width, height }: Box, inset: number, isRow: boolean): string {
  const padding = isRow ? `;padding-left:${inset}px` : "";
  return `left:${x}px;top:${y}px;width:${width}px;height:${height}px;--znb-inset:${inset}px${padding}`;
}

function hover(node: StepNode): string {
  return [node.name, node.reason, ...node.why].filter((line) => line !== "").join("\n");
}
