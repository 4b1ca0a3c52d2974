import rawSnapshot from "../../tests/faces/golden_snapshot.json";
import rawNumbers from "../../tests/faces/numbers.json";
import type { EdgeView, PipelineSnapshot, StepNode } from "../src/snapshot";

/** How numbers are said, shared by the tests of both languages. */
export const numbers = rawNumbers as unknown as Record<"durations" | "sizes", [number, string][]>;

export function golden(): PipelineSnapshot {
  return structuredClone(rawSnapshot) as unknown as PipelineSnapshot;
}

export function step(name: string): StepNode {
  const [first] = golden().nodes;
  return { ...(first as StepNode), id: name, name };
}

export function edge(source: string, target: string): EdgeView {
  return { source, target, names: ["x"] };
}
