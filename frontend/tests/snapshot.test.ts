import { describe, expect, it } from "vitest";
import { readSnapshot, STATES, UnknownShape, VERSION } from "../src/snapshot";
import { bytes, clause, duration, forecast, look, timings } from "../src/words";
import { golden, numbers } from "./golden";

/** Every field of the contract with a check of its type, as `snapshot.py` declares it. */
const maybe = (check: (v: unknown) => boolean) => (v: unknown) => v === null || check(v);
const is = (type: string) => (v: unknown) => typeof v === type;
const list = (check: (v: unknown) => boolean) => (v: unknown) => Array.isArray(v) && v.every(check);
type Shape = Record<string, (v: unknown) => boolean>;
const fits = (shape: Shape) => (v: unknown) =>
  JSON.stringify(Object.keys(v as object).sort()) === JSON.stringify(Object.keys(shape).sort()) &&
  Object.entries(shape).every(([name, check]) => check((v as Record<string, unknown>)[name]));

const SWITCH = fits({
  toggle: maybe(is("boolean")),
  enabled: is("boolean"),
  source: is("string"),
  as_set: maybe(is("boolean")),
});
const ARTIFACT = fits({ name: is("string"), type_name: is("string"), summary: is("string") });
const NODE = fits({
  id: is("string"),
  name: is("string"),
  state: (v) => (STATES as readonly unknown[]).includes(v),
  reason: is("string"),
  why: list(is("string")),
  cached: is("boolean"),
  cache: SWITCH,
  duration_s: maybe(is("number")),
  saved_s: maybe(is("number")),
  started_at: maybe(is("number")),
  finished_at: maybe(is("number")),
  size_bytes: is("number"),
  badges: list(is("string")),
  parameters: list((v) => list(is("string"))(v) && (v as unknown[]).length === 2),
  artifacts: list(ARTIFACT),
  error: is("string"),
  predicted_s: maybe(is("number")),
  cell_id: is("string"),
  cell_check: is("number"),
});
const RUN = fits({
  running: is("boolean"),
  cache: SWITCH,
  cached: is("number"),
  to_run: is("number"),
  predicted_s: maybe(is("number")),
  saved_s: is("number"),
  store_bytes: is("number"),
  store_limit_bytes: is("number"),
});
const SNAPSHOT = fits({
  version: (v) => v === VERSION,
  pipeline: is("string"),
  revision: is("number"),
  nodes: list(NODE),
  edges: list(fits({ source: is("string"), target: is("string"), names: list(is("string")) })),
  run: RUN,
  message: is("string"),
});

describe("the contract", () => {
  it("is what the golden file holds, field by field", () => {
    expect(SNAPSHOT(golden())).toBe(true);
  });

  it("has every state in the golden file", () => {
    expect(new Set(golden().nodes.map((node) => node.state))).toEqual(new Set(STATES));
  });

  it("is refused in another version, in words for the person who looks", () => {
    expect(() => readSnapshot({ ...golden(), version: VERSION + 1 })).toThrow(UnknownShape);
    expect(() => readSnapshot({ ...golden(), version: VERSION + 1 })).toThrow(/reload the page/);
    expect(() => readSnapshot({})).toThrow(UnknownShape);
    expect(() => readSnapshot(null)).toThrow(UnknownShape);
  });
});

describe("words", () => {
  const node = (name: string) => {
    const found = golden().nodes.find((each) => each.name === name);
    if (!found) throw new Error(name);
    return found;
  };

  it.each(numbers.durations)("says %d seconds as %s", (seconds, said) => {
    expect(duration(seconds)).toBe(said);
  });

  it.each(numbers.sizes)("says %d bytes as %s", (count, said) => {
    expect(bytes(count)).toBe(said);
  });

  it("says what a run would do", () => {
    expect(forecast(golden().run)).toBe("2 cached, 9 to run, about 3.1 min");
    expect(forecast({ ...golden().run, predicted_s: null })).toContain("time not known yet");
  });

  it("counts elapsed time from the start, never below nothing", () => {
    const split = node("split");
    const started = split.started_at as number;
    expect(clause(split, started + 12)).toBe("12 s of 41 s");
    expect(clause(split, started - 100)).toBe("1 ms of 41 s");
  });

  it("does not say a state's word twice", () => {
    expect(clause(node("report"), 0)).toBe("over the size limit");
    expect(clause(node("train_svc"), 0)).toBe("ValueError: Input X contains NaN.");
  });

  it("says what was saved beside what it took", () => {
    expect(timings(node("clean"))).toBe("0.9 s · saved 0.8 s");
    expect(timings(node("features"))).toBe("5.1 s");
  });

  it("shows a state that it does not know by its own name", () => {
    expect(look("half_baked" as never).word).toBe("half baked");
  });
});
