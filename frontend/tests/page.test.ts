import { describe, expect, it } from "vitest";
import { crc32 } from "../src/crc";
import type { Cell } from "../src/lab/jupyter";
import { needed, Page, stepCells } from "../src/lab/page";
import { kept, togglesOf } from "../src/lab/toggles";
import type { StepNode } from "../src/snapshot";
import { edge, golden, step } from "./golden";

function cell(id: string, source: string, type = "code"): Cell {
  const model = { id, type, sharedModel: { id, getSource: () => source } };
  return { model } as unknown as Cell;
}

function node(name: string, source: string, parts: Partial<StepNode> = {}): StepNode {
  const base = { ...step(name), cell_id: `id-${name}`, cell_check: crc32(source) };
  return { ...base, state: "up_to_date", predicted_s: 2, ...parts };
}

describe("a cell's check", () => {
  it("is CRC-32 of its text in UTF-8, as zlib computes it", () => {
    expect(crc32("123456789")).toBe(0xcbf43926);
    expect(crc32("")).toBe(0);
    expect(crc32("%%step größe\n")).toBe(2480222992);
  });
});

describe("the cells of a page", () => {
  it("are those that begin with %%step, and those that the kernel knows as steps", () => {
    const widgets = [
      cell("1", "%%step load -> df\nx"),
      cell("2", "%%step?"),
      cell("3", "x = 1"),
      cell("4", "%%step one", "markdown"),
      cell("5", "\n  %%step\ny = 1"),
      cell("6", "%%step -> a"),
      cell("7", "%%steps a"),
    ];
    const found = stepCells({ widgets }, new Set(["3"]));
    expect(found.map(({ index, name }) => [index, name])).toEqual([
      [0, "load"],
      [2, ""],
      [4, ""],
      [5, ""],
    ]);
  });

  it("are edited where their text is not what ran, and stay the same objects otherwise", () => {
    const snapshot = {
      ...golden(),
      nodes: [node("a", "A"), node("b", "B"), node("c", "C", { state: "running" })],
    };
    const cells = stepCells(
      { widgets: [cell("id-a", "A"), cell("id-b", "other"), cell("id-c", "other")] },
      new Set(["id-a", "id-b", "id-c"]),
    );
    const page = new Page();
    const seen = page.seen(snapshot, cells);
    expect(seen.snapshot.nodes.map((one) => one.state)).toEqual(["up_to_date", "edited", "running"]);
    expect(seen.snapshot.nodes[0]).toBe(snapshot.nodes[0]);
    expect(page.seen(snapshot, cells).snapshot.nodes[1]).toBe(seen.snapshot.nodes[1]);
    expect(seen.snapshot.run.to_run).toBe(snapshot.run.to_run + 1);
    expect(page.seen(snapshot, cells.slice(0, 1)).snapshot).toBe(snapshot);
  });
});

describe("what a run from the panel needs", () => {
  const nodes = [
    node("a", "", { state: "will_run" }),
    node("b", ""),
    node("c", "", { state: "waiting" }),
    node("d", "", { state: "edited" }),
  ];
  const snapshot = { ...golden(), nodes, edges: [edge("a", "b"), edge("b", "c")] };

  it("is all that is not up to date", () => {
    expect([...needed(snapshot, null)].sort()).toEqual(["a", "c", "d"]);
  });

  it("is a step with what it depends on, where one is named", () => {
    expect([...needed(snapshot, "c")].sort()).toEqual(["a", "c"]);
    expect([...needed(snapshot, "d")]).toEqual(["d"]);
  });
});

describe("toggles in a notebook", () => {
  const keeping = (value: unknown) =>
    kept({ context: { path: "", model: { getMetadata: () => value } } } as never);

  it("are those that are set", () => {
    const set = { toggle: false, enabled: false, source: "", as_set: true };
    const snapshot = { ...golden(), nodes: [node("a", "", { cache: set }), node("b", "")] };
    expect(togglesOf(snapshot).steps).toEqual({ a: false });
  });

  it("are read with care: metadata is what anybody may write", () => {
    expect(keeping({ toggles: { run: true, steps: { a: false, b: "no" } } })).toEqual({
      run: true,
      steps: { a: false },
    });
    for (const bad of [undefined, {}, { toggles: 3 }, { toggles: { steps: 1 } }, { toggles: { run: null, steps: {} } }]) {
      expect(keeping(bad)).toBeNull();
    }
  });
});
