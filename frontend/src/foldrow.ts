/** One row that stands for neighbours that are all cached. */

import { placed } from "./card";
import { el, say, set } from "./dom";
import type { Fold } from "./folds";
import { StateIcon } from "./icons";
import type { Box, Point } from "./layout";
import { duration } from "./words";

export class FoldRow {
  readonly element: HTMLElement;
  private readonly icon = new StateIcon();
  private readonly name = el("span", { class: "znb-name" });
  private readonly state = el("span", { class: "znb-state" });

  constructor(readonly id: string) {
    this.element = el(
      "div",
      { class: "znb-card znb-fold", role: "button", tabindex: -1, "aria-expanded": "false" },
      this.icon.element,
      this.name,
      this.state,
    );
    this.icon.update("up_to_date");
    set(this.element, "data-state", "up_to_date");
  }

  update({ members }: Fold): void {
    const names = members.map((node) => node.name);
    const saved = members.reduce((sum, node) => sum + (node.duration_s ?? 0), 0);
    say(this.name, `${members.length} cached steps`);
    say(this.state, `${names[0]} … ${names[names.length - 1]} · ${duration(saved)}`);
    set(this.element, "title", names.join("\n"));
    set(this.element, "aria-label", `${members.length} cached steps, ${names[0]} to ${names.at(-1)}`);
  }

  place(box: Box, dot: Point | undefined, inset: number): void {
    this.element.style.cssText = placed(box, inset, true);
    this.icon.element.style.left = dot ? `${dot.x - 9}px` : "";
  }
}
