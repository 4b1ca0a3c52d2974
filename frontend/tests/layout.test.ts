import { describe, expect, it } from "vitest";
import { goTo } from "../src/keyboard";
import { type Box, CARD, MOST_CARDS, type Plan, plan, type View } from "../src/layout";
import type { EdgeView, StepNode } from "../src/snapshot";
import { edge, golden, step } from "./golden";

/** A repeatable graph of `count` steps with edges that go forward only. */
function wild(count: number, seed: number): [StepNode[], EdgeView[]] {
  let state = seed;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state % below;
  };
  const nodes = Array.from({ length: count }, (_, index) => step(`n${index}`));
  const edges: EdgeView[] = [];
  for (let to = 1; to < count; to += 1) {
    for (let each = next(3); each >= 0; each -= 1) edges.push(edge(`n${next(to)}`, `n${to}`));
  }
  const unique = new Map(edges.map((one) => [`${one.source} ${one.target}`, one]));
  return [nodes, [...unique.values()]];
}

/** Points along a path of M, L and C commands, close enough to see what it crosses. */
function trace(path: string): { x: number; y: number }[] {
  const found: { x: number; y: number }[] = [];
  for (const [, command, rest] of path.matchAll(/([MLC])([^MLC]*)/g)) {
    const numbers = (rest ?? "").match(/-?[\d.]+/g)?.map(Number) ?? [];
    const points = [];
    for (let at = 0; at < numbers.length; at += 2) {
      points.push({ x: numbers[at] as number, y: numbers[at + 1] as number });
    }
    const start = found[found.length - 1];
    const end = points[points.length - 1] as { x: number; y: number };
    if (start === undefined || command === "M") {
      found.push(end);
      continue;
    }
    const [a, b] = command === "C" ? [points[0], points[1]] : [start, end];
    for (let step = 1; step <= 40; step += 1)
      found.push(bezier(start, a ?? start, b ?? end, end, step / 40));
  }
  return found;
}

type Spot = { x: number; y: number };
function bezier(p: Spot, a: Spot, b: Spot, q: Spot, t: number): Spot {
  const u = 1 - t;
  const mix = (i: keyof Spot): number =>
    u ** 3 * p[i] + 3 * u * u * t * a[i] + 3 * u * t * t * b[i] + t ** 3 * q[i];
  return { x: mix("x"), y: mix("y") };
}

const inside = (box: Box, at: Spot): boolean =>
  at.x > box.x + 1 &&
  at.x < box.x + box.width - 1 &&
  at.y > box.y + 1 &&
  at.y < box.y + box.height - 1;

function crossed(found: Plan): string[] {
  const hits: string[] = [];
  for (const route of found.routes) {
    for (const [id, box] of found.boxes) {
      if (trace(route.path).some((at) => inside(box, at))) hits.push(`${route.path} over ${id}`);
    }
  }
  return hits;
}

function overlaps(found: Plan): number {
  const boxes = [...found.boxes.values()];
  return boxes.filter((a, index) =>
    boxes
      .slice(index + 1)
      .some(
        (b) =>
          a.x < b.x + b.width &&
          b.x < a.x + a.width &&
          a.y < b.y + b.height &&
          b.y < a.y + a.height,
      ),
  ).length;
}

describe("cards in two dimensions", () => {
  const views: View[] = ["right", "down"];
  it.each(views)("flowing %s, no edge crosses a card and no cards overlap", (view) => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const [nodes, edges] = wild(4 + seed, seed);
      const found = plan(nodes, edges, 900, view);
      expect(crossed(found)).toEqual([]);
      expect(overlaps(found)).toBe(0);
      expect(found.boxes.size).toBe(nodes.length);
      expect(found.routes.length).toBe(edges.length);
    }
  });

  it("keeps the golden graph clear too", () => {
    const { nodes, edges } = golden();
    expect(crossed(plan(nodes, edges, 900, "down"))).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("keeps every edge inside the drawing (%i)", (seed) => {
    const [nodes, edges] = wild(12, seed);
    for (const view of ["right", "down"] as const) {
      const found = plan(nodes, edges, 900, view);
      for (const { x, y } of found.routes.flatMap((route) => trace(route.path))) {
        expect(x >= 0 && x <= found.width && y >= 0 && y <= found.height).toBe(true);
      }
    }
  });

  it("leaves out edges to steps that are not there, and to oneself", () => {
    const found = plan([step("a")], [edge("a", "gone"), edge("a", "a")], 900, "auto");
    expect(found.routes).toEqual([]);
  });
});

describe("the choice of a view", () => {
  const chain = (count: number): [StepNode[], EdgeView[]] => [
    Array.from({ length: count }, (_, at) => step(`n${at}`)),
    Array.from({ length: count - 1 }, (_, at) => edge(`n${at}`, `n${at + 1}`)),
  ];

  it("flows right where that fits, down where it does not", () => {
    expect(plan(...chain(3), 900, "auto").view).toBe("right");
    expect(plan(...chain(7), 900, "auto").view).toBe("down");
  });

  it("lists steps where a drawing would be larger than two screens", () => {
    expect(plan(...chain(30), 900, "auto").view).toBe("list");
    const wide = Array.from({ length: 40 }, (_, at) => step(`n${at}`));
    const spokes = wide.slice(1).map((node) => edge("n0", node.id));
    expect(plan(wide, spokes, 900, "auto").view).toBe("list");
  });

  it("lists steps in narrow places and where there are very many", () => {
    expect(plan(...chain(3), 300, "auto").view).toBe("list");
    expect(plan(...chain(MOST_CARDS + 1), 900, "auto").view).toBe("list");
  });
});

describe("the list", () => {
  it("gives every step a row in order, and no two open lanes one place", () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const [nodes, edges] = wild(30, seed);
      const found = plan(nodes, edges, 300, "list");
      const rows = [...found.boxes.values()].map((box) => box.y);
      expect(rows).toEqual([...rows].sort((a, b) => a - b));
      nodes.forEach((node, row) => {
        const dot = found.dots.get(node.id) as Spot;
        const passing = edges.filter((each) => {
          const [from, to] = [
            nodes.findIndex((n) => n.id === each.source),
            nodes.findIndex((n) => n.id === each.target),
          ];
          return from < row && row < to;
        });
        for (const each of passing) expect(found.dots.get(each.source)?.x).not.toBe(dot.x);
      });
      for (const dot of found.dots.values()) expect(dot.x).toBeLessThan(found.inset);
    }
  });
});

describe("the keyboard", () => {
  const nodes = ["a", "b", "c", "d"].map(step);
  const edges = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")];
  const found = plan(nodes, edges, 1200, "right");

  it("follows edges along the flow and turns across it", () => {
    const first = goTo(found, "a", "ArrowRight") as string;
    expect(["b", "c"]).toContain(first);
    expect(goTo(found, first, "ArrowLeft")).toBe("a");
    expect(goTo(found, "d", "ArrowRight")).toBeNull();
    const box = (id: string): Box => found.boxes.get(id) as Box;
    const [upper, lower] = box("b").y < box("c").y ? ["b", "c"] : ["c", "b"];
    expect(goTo(found, upper, "ArrowDown")).toBe(lower);
    expect(goTo(found, lower, "ArrowUp")).toBe(upper);
  });

  it("reaches every step from the first", () => {
    const { nodes: steps, edges: lines } = golden();
    for (const view of ["right", "down", "list"] as View[]) {
      const all = plan(steps, lines, 900, view);
      const reached = new Set(["s1"]);
      for (const id of reached) {
        for (const key of ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]) {
          const next = goTo(all, id, key);
          if (next !== null) reached.add(next);
        }
      }
      expect(reached.size).toBe(steps.length);
    }
  });

  it("knows the first and the last, and leaves other keys alone", () => {
    expect(goTo(found, "b", "Home")).toBe("a");
    expect(goTo(found, "b", "End")).toBe("d");
    expect(goTo(found, "b", "q")).toBeNull();
  });

  it("has cards large enough to hit", () => {
    expect(CARD.height).toBeGreaterThanOrEqual(44);
  });
});
