/** One step as it is drawn: a card among cards, or a row of the list. */

import { el, say, set } from "./dom";
import type { ShownSwitch } from "./flips";
import { SIGNS, StateIcon, sign } from "./icons";
import type { Box, Point } from "./layout";
import type { StepNode } from "./snapshot";
import { FlipSwitch, LOOKS } from "./switches";
import { clause, look, spoken, timings } from "./words";

export interface CardActions {
  flip(id: string): void;
  runTo(id: string): void;
  select(id: string): void;
  /** Show what a flip would make run, or stop showing it. */
  preview(id: string, on: boolean): void;
}

export class Card {
  readonly element: HTMLElement;
  private readonly icon = new StateIcon();
  private readonly name = el("span", { class: "znb-name" });
  private readonly word = el("span", { class: "znb-word" });
  private readonly clause = el("span", { class: "znb-clause" });
  private readonly timings = el("span", { class: "znb-timings" });
  private readonly badges = el("span", { class: "znb-badges" });
  private readonly progress = el("span", { class: "znb-progress" });
  private readonly flip: FlipSwitch;
  private drawn = "";
  private node: StepNode | null = null;

  constructor(
    readonly id: string,
    actions: CardActions,
  ) {
    this.flip = new FlipSwitch(() => actions.flip(id));
    const runTo = el(
      "button",
      { type: "button", class: "znb-to", tabindex: -1, "aria-label": "Run to here" },
      sign(SIGNS.toHere),
    );
    set(runTo, "title", "Run to here (r)");
    runTo.addEventListener("click", (event) => {
      event.stopPropagation();
      actions.runTo(id);
    });
    this.element = el(
      "div",
      { class: "znb-card", role: "group", "aria-roledescription": "step", tabindex: -1 },
      this.icon.element,
      this.name,
      el("span", { class: "znb-state" }, this.word, this.clause),
      el("span", { class: "znb-foot" }, this.timings, this.badges),
      this.flip.element,
      runTo,
      this.progress,
    );
    this.element.addEventListener("click", () => actions.select(id));
    for (const [event, on] of LOOKS) {
      this.flip.element.addEventListener(event, () => actions.preview(id, on));
    }
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
    const style = this.element.style;
    style.left = `${box.x}px`;
    style.top = `${box.y}px`;
    style.width = `${box.width}px`;
    style.height = `${box.height}px`;
    style.setProperty("--znb-inset", `${inset}px`);
    style.paddingLeft = dot ? `${inset}px` : "";
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
    this.badges.replaceChildren(
      ...node.badges.map((badge) => el("span", { class: "znb-badge" }, badge)),
    );
    this.flip.update(node.name, shown);
  }
}

function hover(node: StepNode): string {
  return [node.name, node.reason, ...node.why].filter((line) => line !== "").join("\n");
}
