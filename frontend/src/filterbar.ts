/** The line above a long list: which steps it shows. */

import { el, say, set } from "./dom";
import type { Filter } from "./folds";
import { STATES, type State } from "./snapshot";
import { look } from "./words";

export class FilterBar {
  readonly element: HTMLElement;
  readonly filter: Filter = { text: "", state: "", fold: true };
  private readonly told = el("span", { class: "znb-hidden", role: "status" });
  private readonly fold: HTMLInputElement;

  constructor(changed: () => void) {
    const text = el("input", {
      type: "search",
      class: "znb-input",
      placeholder: "Filter steps",
      "aria-label": "Filter steps by name or reason",
    });
    text.addEventListener("input", () => {
      this.filter.text = text.value;
      changed();
    });
    const state = el("select", { class: "znb-input", "aria-label": "Filter steps by state" });
    state.append(el("option", { value: "" }, "every state"));
    for (const each of STATES) state.append(el("option", { value: each }, look(each).word));
    state.addEventListener("change", () => {
      this.filter.state = state.value as State | "";
      changed();
    });
    this.fold = el("input", { type: "checkbox", checked: true });
    this.fold.addEventListener("change", () => {
      this.filter.fold = this.fold.checked;
      changed();
    });
    const folding = el("label", { class: "znb-check" }, this.fold, "fold cached");
    this.element = el("div", { class: "znb-filter" }, text, state, folding, this.told);
  }

  update(shown: boolean, hidden: number): void {
    set(this.element, "hidden", !shown);
    say(this.told, hidden === 0 ? "" : `${hidden} left out`);
  }
}
