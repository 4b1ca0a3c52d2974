/** A mark beside every `%%step` cell: how its step stands, with the reason on hover. */

import { el, set } from "../dom";
import { StateIcon } from "../icons";
import type { State, StepNode } from "../snapshot";
import { clause, look } from "../words";
import type { Cell } from "./jupyter";
import type { StepCell } from "./page";

interface Mark {
  element: HTMLElement;
  icon: StateIcon;
}

export class Gutter {
  private readonly marks = new Map<Cell, Mark>();

  /** Mark `cells` by their nodes; cells that are no steps any more lose their mark. */
  update(cells: readonly StepCell[], nodes: ReadonlyMap<string, StepNode>): void {
    const here = new Set(cells.map((one) => one.cell));
    for (const [cell, mark] of this.marks) {
      if (here.has(cell)) continue;
      mark.element.remove();
      this.marks.delete(cell);
    }
    for (const { cell, name } of cells) {
      const node = nodes.get(cell.model.id);
      const [state, said] = node ? told(node) : unknown(name);
      const mark = this.mark(cell);
      mark.icon.update(state);
      set(mark.element, "data-state", state);
      set(mark.element, "title", said);
      set(mark.element, "aria-label", said);
    }
  }

  clear(): void {
    for (const mark of this.marks.values()) mark.element.remove();
    this.marks.clear();
  }

  private mark(cell: Cell): Mark {
    const known = this.marks.get(cell);
    if (known?.element.parentElement === cell.node) return known;
    const icon = known?.icon ?? new StateIcon();
    const element = known?.element ?? el("div", { class: "znb-gutter", role: "img" }, icon.element);
    cell.node.classList.add("znb-marked");
    cell.node.append(element);
    this.marks.set(cell, { element, icon });
    return { element, icon };
  }
}

function told(node: StepNode): [State, string] {
  const said = clause(node, Date.now() / 1000) || node.reason;
  return [node.state, [node.name, look(node.state).word, said].filter((part) => part).join(": ")];
}

function unknown(name: string): [State, string] {
  return ["never_run", `${name || "step"}: not run in this kernel yet`];
}
