/** Toggles on their way: shown at once, confirmed by the kernel's next revision. */

import type { Model, Refusal } from "./model";
import type { CacheSwitch, PipelineSnapshot } from "./snapshot";

const PATIENCE_MS = 1000;

interface Flip {
  value: boolean | null;
  revision: number;
  since: number;
}

/** A switch as it is shown: the kernel's word, or the user's where that is still on its way. */
export interface ShownSwitch extends CacheSwitch {
  pending: boolean;
}

/** Return what one click asks for: the other way, or back to as set where that is the other way. */
export function flipped(cache: CacheSwitch): boolean | null {
  const wanted = !cache.enabled;
  return cache.toggle !== null && cache.as_set === wanted ? null : wanted;
}

/** Remembers what was asked until a snapshot or a refusal answers it. */
export class Flips {
  private readonly open = new Map<string | null, Flip>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly model: Model,
    private readonly changed: () => void,
  ) {}

  /** Ask for `value`; `step` is null for the run's toggle. */
  ask(step: string | null, value: boolean | null): void {
    this.open.set(step, { value, revision: this.revision(), since: Date.now() });
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.changed();
    }, PATIENCE_MS + 10);
    this.timers.add(timer);
    this.model.send({ kind: "toggle", step, value });
    this.changed();
  }

  /** Return how the switch of `step` is to be shown. */
  shown(step: string | null, cache: CacheSwitch): ShownSwitch {
    const flip = this.open.get(step);
    if (flip === undefined) return { ...cache, pending: false };
    const enabled = flip.value ?? cache.as_set ?? cache.enabled;
    const pending = Date.now() - flip.since >= PATIENCE_MS;
    return { ...cache, toggle: flip.value, enabled, pending };
  }

  /** Forget what `snapshot` confirms, and what it has no step for. */
  settle(snapshot: PipelineSnapshot): void {
    const now = new Map<string | null, CacheSwitch>([[null, snapshot.run.cache]]);
    for (const node of snapshot.nodes) now.set(node.name, node.cache);
    for (const [step, flip] of [...this.open]) {
      const cache = now.get(step);
      const newer = snapshot.revision > flip.revision;
      if (cache === undefined || (newer && cache.toggle === flip.value)) this.open.delete(step);
    }
  }

  /** Forget what the kernel refused; the switch goes back. */
  refuse(refusal: Refusal): void {
    if (refusal.ask.kind === "toggle") this.open.delete(refusal.ask.step);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private revision(): number {
    try {
      return this.model.get().revision;
    } catch {
      return -1;
    }
  }
}
