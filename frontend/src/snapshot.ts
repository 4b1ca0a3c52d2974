/**
 * The one shape that every face draws; mirrors `zen_nb/faces/snapshot.py`.
 *
 * All text in it is untrusted: it is set as text, never as markup.
 */

export const VERSION = 1;

export const STATES = [
  "never_run",
  "up_to_date",
  "edited",
  "will_run",
  "waiting",
  "running",
  "failed",
  "caching_off",
  "evicted",
  "expired",
] as const;

export type State = (typeof STATES)[number];

/** Where a toggle stands (`null` as set) and what is in force. */
export interface CacheSwitch {
  toggle: boolean | null;
  enabled: boolean;
  source: string;
  /** What would be in force without this toggle; `null` where that is not known. */
  as_set: boolean | null;
}

export interface ArtifactView {
  name: string;
  type_name: string;
  summary: string;
}

export interface StepNode {
  id: string;
  name: string;
  state: State;
  reason: string;
  why: string[];
  cached: boolean;
  cache: CacheSwitch;
  duration_s: number | null;
  saved_s: number | null;
  started_at: number | null;
  finished_at: number | null;
  size_bytes: number;
  badges: string[];
  parameters: [string, string][];
  artifacts: ArtifactView[];
  error: string;
}

/** `target` reads `names` from `source`. */
export interface EdgeView {
  source: string;
  target: string;
  names: string[];
}

export interface RunBar {
  running: boolean;
  cache: CacheSwitch;
  cached: number;
  to_run: number;
  predicted_s: number | null;
  saved_s: number;
  store_bytes: number;
  store_limit_bytes: number;
}

export interface PipelineSnapshot {
  version: number;
  pipeline: string;
  revision: number;
  nodes: StepNode[];
  edges: EdgeView[];
  run: RunBar;
  message: string;
}

/** What a page asks of the kernel. */
export type Ask =
  | { kind: "toggle"; step: string | null; value: boolean | null }
  | { kind: "clear_toggles" }
  | { kind: "run"; to: string | null; all: boolean }
  | { kind: "stop" };

/** Raised where a snapshot cannot be drawn; the message is for the person who looks at it. */
export class UnknownShape extends Error {}

/** Return `raw` as a snapshot, or throw `UnknownShape` instead of guessing. */
export function readSnapshot(raw: unknown): PipelineSnapshot {
  const found = raw as Partial<PipelineSnapshot> | null;
  if (typeof found !== "object" || found === null || found.version === undefined) {
    throw new UnknownShape("waiting for the kernel");
  }
  if (found.version !== VERSION) {
    throw new UnknownShape(
      `this page draws version ${VERSION} and the kernel sends version ${found.version}: ` +
        "reload the page, or reinstall zen_nb",
    );
  }
  if (!Array.isArray(found.nodes) || !Array.isArray(found.edges) || !found.run) {
    throw new UnknownShape("the kernel sent a snapshot without nodes, edges or run");
  }
  return found as PipelineSnapshot;
}
