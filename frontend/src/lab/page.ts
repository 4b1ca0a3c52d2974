/** The cells of a notebook as the page shows them, and how they stand to what the kernel ran. */

import { crc32 } from "../crc";
import type { PipelineSnapshot, StepNode } from "../snapshot";
import type { Cell, Notebook } from "./jupyter";

const STEP = /^\s*%%step(?![\w?])[ \t]*([^\s=]+)?(?=\s|$)/;

export interface StepCell {
  cell: Cell;
  index: number;
  /** The name in its magic line, `""` where it has none. */
  name: string;
  source: string;
}

/**
 * Return the cells that are steps, in the order of the page: those that begin with `%%step`, and
 * those that `known` names by their ids (in automatic mode every cell is a step).
 */
export function stepCells(notebook: Pick<Notebook, "widgets">, known: ReadonlySet<string>): StepCell[] {
  const found: StepCell[] = [];
  notebook.widgets.forEach((cell, index) => {
    if (cell.model.type !== "code") return;
    const source = cell.model.sharedModel.getSource();
    const match = STEP.exec(source);
    if (match) found.push({ cell, index, name: nameOf(match[1]), source });
    else if (known.has(cell.model.id)) found.push({ cell, index, name: "", source });
  });
  return found;
}

function nameOf(word: string | undefined): string {
  return word === undefined || word.startsWith("-") ? "" : word;
}

/** What the page makes of the kernel's snapshot. */
export interface Seen {
  snapshot: PipelineSnapshot;
  /** By the id of a cell: the node that it defines. */
  nodes: Map<string, StepNode>;
}

/** Remembers nodes that were drawn as edited, so that an unchanged one stays the same object. */
export class Page {
  private readonly edited = new WeakMap<StepNode, StepNode>();
  private readonly checks = new Map<string, [string, number]>();

  /** Mark the steps whose cells are not what ran. */
  seen(snapshot: PipelineSnapshot, cells: readonly StepCell[]): Seen {
    const here = new Map(cells.map((one) => [one.cell.model.id, one]));
    const nodes = snapshot.nodes.map((node) => {
      if (node.cell_id === "" || node.state === "running") return node;
      const cell = here.get(node.cell_id);
      const same = cell !== undefined && this.check(node.cell_id, cell.source) === node.cell_check;
      return same || cell === undefined ? node : this.asEdited(node);
    });
    const calm = nodes.filter((node, at) => node !== snapshot.nodes[at] && hits(snapshot.nodes[at]));
    const { predicted_s, cached, to_run } = snapshot.run;
    const more = calm.map((node) => node.predicted_s);
    const known = predicted_s !== null && !more.includes(null);
    const run = {
      ...snapshot.run,
      cached: Math.max(0, cached - calm.length),
      to_run: to_run + calm.length,
      predicted_s: known ? more.reduce<number>((all, each) => all + (each ?? 0), predicted_s) : null,
    };
    const unchanged = nodes.every((node, at) => node === snapshot.nodes[at]);
    const drawn = unchanged ? snapshot : { ...snapshot, nodes, run };
    return { snapshot: drawn, nodes: new Map(nodes.map((node) => [node.cell_id, node])) };
  }

  private check(id: string, source: string): number {
    const known = this.checks.get(id);
    if (known && known[0] === source) return known[1];
    const found = crc32(source);
    this.checks.set(id, [source, found]);
    return found;
  }

  private asEdited(node: StepNode): StepNode {
    const known = this.edited.get(node);
    if (known) return known;
    const made: StepNode = { ...node, state: "edited", reason: "the cell was edited since it ran" };
    this.edited.set(node, made);
    return made;
  }
}

function hits(node: StepNode | undefined): boolean {
  return node?.state === "up_to_date";
}

/** Return the steps that must run for `to` to be up to date, or for all to be. */
export function needed(snapshot: PipelineSnapshot, to: string | null): Set<string> {
  const wanted = new Set<string>();
  const todo = snapshot.nodes.filter((node) => to === null || node.name === to).map(({ id }) => id);
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (wanted.has(at)) continue;
    wanted.add(at);
    for (const edge of snapshot.edges) if (edge.target === at) todo.push(edge.source);
  }
  const nodes = snapshot.nodes.filter((node) => wanted.has(node.id) && !hits(node));
  return new Set(nodes.map((node) => node.id));
}
