import { describe, expect, it } from "vitest";
import rawCases from "../../tests/faces/golden_changes.json";
import { LONG, shown } from "../src/folds";
import { applied, type Message } from "../src/snapshot";
import { wouldRun } from "../src/words";
import { edge, golden, step } from "./golden";

interface Case {
  name: string;
  before: unknown;
  message: Message;
  after: unknown;
}
const cases = rawCases as unknown as Case[];

describe("changes", () => {
  it.each(cases)("lead to what the kernel has: $name", ({ before, message, after }) => {
    expect(applied(before, message)).toEqual(after);
  });

  it("that were seen before change nothing, so that each view may apply them", () => {
    const now = golden();
    const message: Message = { kind: "changes", base: now.revision - 1, revision: now.revision };
    expect(applied(now, message)).toBe(now);
  });

  it("that build on an unseen revision ask for the whole", () => {
    const now = golden();
    const message: Message = { kind: "changes", base: now.revision + 5, revision: now.revision + 6 };
    expect(applied(now, message)).toBeNull();
    expect(applied({}, message)).toBeNull();
    const unknown: Message = { ...message, base: now.revision, order: ["nobody"] };
    expect(applied(now, unknown)).toBeNull();
  });
});

const everything = { text: "", state: "", fold: false } as const;

describe("a long list", () => {
  const nodes = Array.from({ length: LONG }, (_, at) => {
    const state = at === 10 ? ("will_run" as const) : ("up_to_date" as const);
    const cache = { toggle: null, enabled: true, source: "the default", as_set: null };
    return { ...step(`s${at}`), state, cache, reason: at === 10 ? "param k 5 → 8" : "" };
  });
  const edges = nodes.slice(1).map((node, at) => edge(`s${at}`, node.id));

  it("folds neighbours that are cached and joins the folds as the steps were joined", () => {
    const found = shown(nodes, edges, { ...everything, fold: true }, new Set());
    expect(found.nodes.map((node) => node.id)).toEqual(["fold:s0", "s10", "fold:s11"]);
    expect(found.folds.get("fold:s0")?.members).toHaveLength(10);
    const ends = found.edges.map(({ source, target }) => [source, target]);
    expect(ends).toEqual([
      ["fold:s0", "s10"],
      ["s10", "fold:s11"],
    ]);
  });

  it("spreads out the folds that were opened, and shows every step unfolded", () => {
    const found = shown(nodes, edges, { ...everything, fold: true }, new Set(["fold:s0"]));
    expect(found.nodes).toHaveLength(10 + 1 + 1);
    expect(shown(nodes, edges, everything, new Set()).nodes).toEqual(nodes);
  });

  it("is filtered by name, reason and state, and says how many are left out", () => {
    const byReason = shown(nodes, edges, { ...everything, text: " PARAM k" }, new Set());
    expect(byReason.nodes.map((node) => node.id)).toEqual(["s10"]);
    expect(byReason.hidden).toBe(LONG - 1);
    const byState = shown(nodes, edges, { ...everything, state: "will_run" }, new Set());
    expect(byState.nodes.map((node) => node.id)).toEqual(["s10"]);
    expect(shown(nodes, edges, { ...everything, text: "s1" }, new Set()).hidden).toBe(LONG - 11);
  });
});

describe("what a flip would make run", () => {
  const one = { ...step("train"), predicted_s: 2 };
  const two = { ...step("report"), predicted_s: 0.5 };

  it("is said with how long that takes", () => {
    expect(wouldRun([one], [])).toBe("train runs (about 2.0 s)");
    expect(wouldRun([one], [two])).toBe(
      "train runs (about 2.0 s), and 1 below if results change (up to about 0.5 s)",
    );
    expect(wouldRun([one, two], [])).toBe("2 steps run (about 2.5 s)");
    expect(wouldRun([], [])).toBe("nothing would run");
    const never = { ...one, predicted_s: null, duration_s: null };
    expect(wouldRun([never], [])).toBe("train runs (time not known yet)");
  });
});
