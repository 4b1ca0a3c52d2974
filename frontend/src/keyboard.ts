/** Moving among the steps with the keyboard: the graph is one tab stop. */

import type { Plan } from "./layout";

const TURNED: Record<string, readonly [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** Return the step that `key` leads to from `id`, or `null` where the key moves nowhere. */
export function goTo(found: Plan, id: string, key: string): string | null {
  const ids = [...found.boxes.keys()];
  if (key === "Home") return ids[0] ?? null;
  if (key === "End") return ids[ids.length - 1] ?? null;
  const way = TURNED[key];
  if (way === undefined) return null;
  if (found.view === "list") return ids[ids.indexOf(id) + way[0] + way[1]] ?? null;
  return joined(found, id, way) ?? nearest(found, id, way);
}

/** Along the flow, an edge leads to a joined step before the nearest one does. */
function joined(found: Plan, id: string, way: readonly [number, number]): string | null {
  const along = found.view === "right" ? way[0] : way[1];
  if (along === 0) return null;
  const next = found.routes
    .filter((route) => (along > 0 ? route.source : route.target) === id)
    .map((route) => (along > 0 ? route.target : route.source));
  return closest(found, id, next);
}

function nearest(found: Plan, id: string, way: readonly [number, number]): string | null {
  const from = center(found, id);
  const ahead = [...found.boxes.keys()].filter((other) => {
    const to = center(found, other);
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    return way[0] !== 0 ? dx * way[0] > Math.abs(dy) / 2 : dy * way[1] > Math.abs(dx) / 4;
  });
  return closest(found, id, ahead);
}

function closest(found: Plan, id: string, among: readonly string[]): string | null {
  const from = center(found, id);
  const away = (other: string): number => {
    const to = center(found, other);
    return Math.hypot(to.x - from.x, to.y - from.y);
  };
  return [...among].sort((a, b) => away(a) - away(b))[0] ?? null;
}

function center(found: Plan, id: string): { x: number; y: number } {
  const box = found.boxes.get(id) ?? { x: 0, y: 0, width: 0, height: 0 };
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
