/** Which steps a long list shows: those that the filter lets through, runs of cached ones as one. */

import type { EdgeView, State, StepNode } from "./snapshot";
import { look } from "./words";

export interface Filter {
  text: string;
  state: State | "";
  /** Whether neighbours that are up to date are drawn as one row. */
  fold: boolean;
}

export interface Fold {
  id: string;
  members: StepNode[];
}

/** What is drawn, in order: steps by their ids, and folds in their places. */
export interface Shown {
  nodes: StepNode[];
  folds: Map<string, Fold>;
  edges: EdgeView[];
  /** How many steps the filter leaves out. */
  hidden: number;
}

/** From this many steps on a list is filtered and folded. */
export const LONG = 30;
const SHORTEST_FOLD = 3;

/** Return what a list of `nodes` shows; folds whose id is in `opened` are spread out. */
export function shown(
  nodes: readonly StepNode[],
  edges: readonly EdgeView[],
  filter: Filter,
  opened: ReadonlySet<string>,
): Shown {
  const through = nodes.filter((node) => passes(node, filter));
  const folds = new Map<string, Fold>();
  const place = new Map<string, string>();
  const found: StepNode[] = [];
  for (const group of filter.fold ? groups(through) : through.map((node) => [node])) {
    const [first] = group as [StepNode];
    const id = `fold:${first.id}`;
    if (group.length < SHORTEST_FOLD || opened.has(id)) {
      for (const node of group) place.set(node.id, node.id);
      found.push(...group);
      continue;
    }
    folds.set(id, { id, members: group });
    for (const node of group) place.set(node.id, id);
    found.push({ ...first, id });
  }
  return { nodes: found, folds, edges: moved(edges, place), hidden: nodes.length - through.length };
}

function passes(node: StepNode, { text, state }: Filter): boolean {
  if (state !== "" && node.state !== state) return false;
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return true;
  return `${node.name} ${look(node.state).word} ${node.reason}`.toLowerCase().includes(wanted);
}

/** Neighbours that are up to date together, every other step by itself. */
function groups(nodes: readonly StepNode[]): StepNode[][] {
  const found: StepNode[][] = [];
  let last: StepNode[] | null = null;
  for (const node of nodes) {
    const calm = node.state === "up_to_date" && node.cache.toggle === null;
    if (calm && last) last.push(node);
    else found.push((last = [node]));
    if (!calm) last = null;
  }
  return found;
}

function moved(edges: readonly EdgeView[], place: ReadonlyMap<string, string>): EdgeView[] {
  const found = new Map<string, EdgeView>();
  for (const edge of edges) {
    const [source, target] = [place.get(edge.source), place.get(edge.target)];
    if (source === undefined || target === undefined || source === target) continue;
    found.set(`${source}\n${target}`, { source, target, names: edge.names });
  }
  return [...found.values()];
}
