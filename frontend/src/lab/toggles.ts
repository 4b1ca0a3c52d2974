/** Toggles kept in the notebook, offered again after the kernel has ended. */

import type { PipelineSnapshot } from "../snapshot";
import type { NotebookPanel } from "./jupyter";

const KEY = "zen_nb";

export interface Kept {
  run: boolean | null;
  steps: Record<string, boolean>;
}

/** Return the toggles of a snapshot. */
export function togglesOf(snapshot: PipelineSnapshot): Kept {
  const set = snapshot.nodes.filter((node) => node.cache.toggle !== null);
  const steps = Object.fromEntries(set.map((node) => [node.name, node.cache.toggle as boolean]));
  return { run: snapshot.run.cache.toggle, steps };
}

/** Return what a notebook keeps; `null` where it keeps nothing that can be read. */
export function kept(panel: NotebookPanel): Kept | null {
  const found = panel.context.model.getMetadata?.(KEY) as { toggles?: unknown } | undefined;
  const toggles = found?.toggles as Partial<Kept> | undefined;
  if (typeof toggles !== "object" || typeof toggles.steps !== "object") return null;
  const steps = Object.entries(toggles.steps).filter(([, value]) => typeof value === "boolean");
  const run = typeof toggles.run === "boolean" ? toggles.run : null;
  return count({ run, steps: Object.fromEntries(steps) }) > 0
    ? { run, steps: Object.fromEntries(steps) }
    : null;
}

export function count(toggles: Kept): number {
  return Object.keys(toggles.steps).length + (toggles.run === null ? 0 : 1);
}

/** Write the toggles into the notebook, where they differ from what it keeps. */
export function keep(panel: NotebookPanel, toggles: Kept): void {
  const before = kept(panel);
  const after = count(toggles) > 0 ? toggles : null;
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const model = panel.context.model;
  if (after === null) model.deleteMetadata?.(KEY);
  else model.setMetadata?.(KEY, { toggles: after });
}
