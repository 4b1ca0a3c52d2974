/** Where cards go and how edges run between them; pure, so that it can be tested without a page. */

import { layout as dagre, Graph } from "@dagrejs/dagre";
import type { EdgeView, StepNode } from "./snapshot";

export type View = "right" | "down" | "list";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Route {
  source: string;
  target: string;
  path: string;
  /** The arrow's head; empty in a list, where every edge points down. */
  head: string;
}

/**
 * A finished layout; boxes by node id, routes in the order of the edges.
 *
 * In a list the boxes are whole rows, `dots` says where a row's mark stands among the
 * lanes and `inset` where its text begins.
 */
export interface Plan {
  view: View;
  width: number;
  height: number;
  boxes: Map<string, Box>;
  routes: Route[];
  dots: Map<string, Point>;
  inset: number;
}

export const CARD = { width: 212, height: 64 } as const;
const GAP = { across: 18, along: 44 } as const;
const MARGIN = 12;
const ARROW = 7;
const NARROW = 440;
const TALL = 640;
/** A drawing that is larger than this many screens is searched, not read: a list is better. */
const MOST_SCREENS = 2;
/** Above this many steps a drawing in two dimensions is slow and says little. */
export const MOST_CARDS = 150;

const ROW = 44;
const LANE = 14;
const RAIL = { left: 18, most: 10 } as const;

/** Lay the graph out in `view`, or in the one that suits `width` best. */
export function plan(
  nodes: readonly StepNode[],
  edges: readonly EdgeView[],
  width: number,
  view: View | "auto",
): Plan {
  const known = joined(nodes, edges);
  if (view === "list") return lanes(nodes, known, width);
  if (view !== "auto") return layered(nodes, known, view);
  if (nodes.length > MOST_CARDS || width < NARROW) return lanes(nodes, known, width);
  const right = layered(nodes, known, "right");
  if (right.width <= width && right.height <= MOST_SCREENS * TALL) return right;
  const down = layered(nodes, known, "down");
  if (down.width <= width && down.height <= MOST_SCREENS * TALL) return down;
  const near = right.width <= MOST_SCREENS * width && right.height <= TALL;
  return near ? right : lanes(nodes, known, width);
}

/** Say whether a plan is tall enough that details belong beside it, not beneath. */
export function leavesRoomBeside(found: Plan, width: number): boolean {
  return found.view !== "right" && width - found.width >= 300 && found.height > TALL / 3;
}

function joined(nodes: readonly StepNode[], edges: readonly EdgeView[]): EdgeView[] {
  const ids = new Set(nodes.map((node) => node.id));
  return edges.filter(
    (edge) => ids.has(edge.source) && ids.has(edge.target) && edge.source !== edge.target,
  );
}

// -- cards in two dimensions ------------------------------------------------------------

function layered(nodes: readonly StepNode[], edges: readonly EdgeView[], view: View): Plan {
  const across = view === "right";
  const graph = new Graph();
  graph.setGraph({
    rankdir: across ? "LR" : "TB",
    ranker: "tight-tree",
    nodesep: GAP.across,
    edgesep: GAP.across,
    ranksep: GAP.along,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { ...CARD });
  for (const edge of edges) graph.setEdge(edge.source, edge.target, {});
  dagre(graph);
  const bends = edges.map((edge) => {
    const label = graph.edge(edge.source, edge.target) as { points?: Point[] };
    return label.points ?? [];
  });
  // An edge that passes beside all cards may run outside of what the layout counts as its size.
  const sides = bends.flat().map((point) => (across ? point.y : point.x));
  const shift = Math.round(MARGIN - Math.min(MARGIN, ...sides));
  const [right, down] = across ? [0, shift] : [shift, 0];
  const boxes = new Map<string, Box>();
  for (const node of nodes) {
    const at = graph.node(node.id) as Point;
    const x = Math.round(at.x - CARD.width / 2) + right;
    boxes.set(node.id, { x, y: Math.round(at.y - CARD.height / 2) + down, ...CARD });
  }
  const ranks = new Set([...boxes.values()].map((box) => (across ? box.x : box.y)));
  const routes = edges.map((edge, number) => {
    const moved = (bends[number] ?? []).map(({ x, y }) => ({ x: x + right, y: y + down }));
    return route(edge, boxes, moved, ranks, across);
  });
  const size = extent(boxes.values());
  const most = Math.ceil(Math.max(0, ...sides) + shift + MARGIN);
  if (across) size.height = Math.max(size.height, most);
  else size.width = Math.max(size.width, most);
  return { view, boxes, routes, dots: new Map(), inset: 0, ...size };
}

/**
 * Draw an edge that never crosses a card.
 *
 * It bends only in the gaps between ranks; beside the cards of a rank that it passes it
 * runs straight, on the line that the layout kept free for it.
 */
function route(
  edge: EdgeView,
  boxes: Map<string, Box>,
  points: readonly Point[],
  ranks: Set<number>,
  across: boolean,
): Route {
  const size = across ? CARD.width : CARD.height;
  const from = middle(boxes.get(edge.source) as Box, across);
  const to = middle(boxes.get(edge.target) as Box, across);
  let at = { along: from.along + size, side: from.side };
  let path = `M${spot(at.along, at.side, across)}`;
  for (const rank of [...ranks].sort((a, b) => a - b)) {
    if (rank <= from.along || rank >= to.along) continue;
    const side = Math.round(sideAt(points, rank + size / 2, across));
    path += bend(at, { along: rank, side }, across);
    path += `L${spot(rank + size, side, across)}`;
    at = { along: rank + size, side };
  }
  path += bend(at, { along: to.along - ARROW, side: to.side }, across);
  return { source: edge.source, target: edge.target, path, head: arrow(to, across) };
}

function arrow(tip: Place, across: boolean): string {
  const back = tip.along - ARROW;
  const wings = [
    spot(back, tip.side - ARROW / 2, across),
    spot(back, tip.side + ARROW / 2, across),
  ];
  return `M${wings[0]}L${spot(tip.along, tip.side, across)}L${wings[1]}Z`;
}

interface Place {
  along: number;
  side: number;
}

function middle(box: Box, across: boolean): Place {
  return across
    ? { along: box.x, side: box.y + box.height / 2 }
    : { along: box.y, side: box.x + box.width / 2 };
}

function sideAt(points: readonly Point[], along: number, across: boolean): number {
  let best = points[0] ?? { x: 0, y: 0 };
  for (const point of points) {
    const here = Math.abs((across ? point.x : point.y) - along);
    if (here < Math.abs((across ? best.x : best.y) - along)) best = point;
  }
  return across ? best.y : best.x;
}

function bend(from: Place, to: Place, across: boolean): string {
  if (from.side === to.side) return `L${spot(to.along, to.side, across)}`;
  const half = (from.along + to.along) / 2;
  const first = spot(half, from.side, across);
  const second = spot(half, to.side, across);
  return `C${first} ${second} ${spot(to.along, to.side, across)}`;
}

function spot(along: number, side: number, across: boolean): string {
  return across ? `${along},${side}` : `${side},${along}`;
}

function extent(boxes: Iterable<Box>): { width: number; height: number } {
  let width = 0;
  let height = 0;
  for (const box of boxes) {
    width = Math.max(width, box.x + box.width + MARGIN);
    height = Math.max(height, box.y + box.height + MARGIN);
  }
  return { width, height };
}

// -- rows with lanes at their left --------------------------------------------------------

/** Rows in step order; each step keeps a lane until its last reader. */
function lanes(nodes: readonly StepNode[], edges: readonly EdgeView[], width: number): Plan {
  const order = new Map(nodes.map((node, row) => [node.id, row]));
  const rowOf = (id: string): number => order.get(id) as number;
  const laneOf = assignLanes(nodes, edges, rowOf);
  const count = 1 + Math.max(0, ...laneOf.values());
  const step = count > RAIL.most ? (LANE * RAIL.most) / count : LANE;
  const xOf = (id: string): number => RAIL.left + (laneOf.get(id) as number) * step;
  const boxes = new Map<string, Box>();
  const dots = new Map<string, Point>();
  for (const [id, row] of order) {
    boxes.set(id, { x: 0, y: row * ROW, width, height: ROW });
    dots.set(id, { x: xOf(id), y: row * ROW + ROW / 2 });
  }
  const routes = edges.map((edge) => {
    const path = rail(dots.get(edge.source) as Point, dots.get(edge.target) as Point);
    return { source: edge.source, target: edge.target, path, head: "" };
  });
  const inset = RAIL.left + (count - 1) * step + 18;
  return { view: "list", width, height: nodes.length * ROW, boxes, routes, dots, inset };
}

function assignLanes(
  nodes: readonly StepNode[],
  edges: readonly EdgeView[],
  rowOf: (id: string) => number,
): Map<string, number> {
  const lastReader = new Map<string, number>();
  for (const edge of edges) {
    const row = Math.max(lastReader.get(edge.source) ?? -1, rowOf(edge.target));
    lastReader.set(edge.source, row);
  }
  const found = new Map<string, number>();
  const busyUntil: number[] = [];
  nodes.forEach((node, row) => {
    let lane = busyUntil.findIndex((until) => until <= row);
    if (lane < 0) lane = busyUntil.length;
    busyUntil[lane] = Math.max(row + 1, lastReader.get(node.id) ?? 0);
    found.set(node.id, lane);
  });
  return found;
}

function rail(from: Point, to: Point): string {
  if (from.x === to.x) return `M${from.x},${from.y}L${to.x},${to.y}`;
  const turn = to.y - (Math.sign(to.y - from.y) * ROW) / 2;
  const half = (turn + to.y) / 2;
  return `M${from.x},${from.y}L${from.x},${turn}C${from.x},${half} ${to.x},${half} ${to.x},${to.y}`;
}
