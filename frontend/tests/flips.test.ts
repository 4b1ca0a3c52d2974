import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Flips, flipped } from "../src/flips";
import type { Ask, CacheSwitch, PipelineSnapshot } from "../src/snapshot";
import { golden } from "./golden";

const ON: CacheSwitch = { toggle: null, enabled: true, source: "the default", as_set: true };

function revised(revision: number, step: string, toggle: boolean | null): PipelineSnapshot {
  const now = golden();
  const nodes = now.nodes.map((node) =>
    node.name === step ? { ...node, cache: { ...node.cache, toggle } } : node,
  );
  return { ...now, revision, nodes };
}

describe("one click", () => {
  it("asks for the other way", () => {
    expect(flipped(ON)).toBe(false);
    expect(flipped({ ...ON, enabled: false, as_set: false })).toBe(true);
  });

  it("takes a flip back where as set is the other way", () => {
    expect(flipped({ ...ON, toggle: false, enabled: false })).toBeNull();
    expect(flipped({ ...ON, toggle: false, enabled: false, as_set: null })).toBe(true);
  });
});

describe("a flip on its way", () => {
  const sent: Ask[] = [];
  let flips: Flips;
  let changes = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    sent.length = 0;
    changes = 0;
    const model = { get: golden, subscribe: () => () => {}, send: (ask: Ask) => sent.push(ask) };
    flips = new Flips(model, () => {
      changes += 1;
    });
  });
  afterEach(() => vi.useRealTimers());

  it("shows at once, is sent once, and is pending after a second", () => {
    flips.ask("clean", false);
    expect(sent).toEqual([{ kind: "toggle", step: "clean", value: false }]);
    expect(flips.shown("clean", ON)).toMatchObject({
      enabled: false,
      toggle: false,
      pending: false,
    });
    const before = changes;
    vi.advanceTimersByTime(1100);
    expect(changes).toBe(before + 1);
    expect(flips.shown("clean", ON).pending).toBe(true);
  });

  it("ends with a newer revision that agrees, and only with that", () => {
    flips.ask("clean", false);
    const { revision } = golden();
    flips.settle(revised(revision, "clean", false));
    flips.settle(revised(revision + 1, "clean", null));
    expect(flips.shown("clean", ON).enabled).toBe(false);
    flips.settle(revised(revision + 2, "clean", false));
    expect(flips.shown("clean", ON).enabled).toBe(true);
  });

  it("goes back where the kernel refuses, and where the step is gone", () => {
    flips.ask("clean", false);
    flips.refuse({ ask: { kind: "toggle", step: "clean", value: false }, text: "no" });
    expect(flips.shown("clean", ON).enabled).toBe(true);
    flips.ask("gone", false);
    flips.settle(golden());
    expect(flips.shown("gone", ON).enabled).toBe(true);
  });

  it("keeps the run's toggle apart from the steps'", () => {
    flips.ask(null, false);
    expect(flips.shown(null, ON).toggle).toBe(false);
    expect(flips.shown("clean", ON).toggle).toBeNull();
  });
});
