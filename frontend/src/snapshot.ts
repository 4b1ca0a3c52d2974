/**
 * The one shape that every face draws; mirrors `zen_nb/faces/snapshot.py`.
 *
 * All text in it is untrusted: it is set as text, never as markup.
 */

export const VERSION = 2;

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
  /** What it would take if it ran; `null` where it never ran. */
  predicted_s: number | null;
  /** The cell that defines it, `""` for a function, and the CRC-32 of the text that ran. */
  cell_id: string;
  cell_check: number;
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
  | { kind: "stop" }
  | { kind: "afresh"; step: string | null }
  | { kind: "pin"; step: string; value: boolean }
  | { kind: "forget"; step: string }
  | { kind: "details"; step: string }
  | { kind: "resend" };

/** A first look at an artifact; see `zen_nb/identity/preview.py`. */
export type Preview =
  | {
      kind: "table";
      columns: string[];
      types: string[];
      index: string[];
      rows: string[][];
      shape: [number, number];
    }
  | { kind: "plot"; low: (number | null)[]; high: (number | null)[]; length: number }
  | { kind: "picture"; png: string; width: number; height: number }
  | { kind: "parameters"; rows: [string, string][]; text: string }
  | { kind: "text"; text: string };

/** An earlier record of a step. */
export interface Past {
  created_at: number;
  duration_s: number;
  size_bytes: number;
  key: string;
  state: "current" | "kept" | "gone";
}

/** What is shown of a step when it is opened; see `zen_nb/faces/details.py`. */
export interface StepDetails {
  changes: { words: string; diff: string[] }[];
  compared: string;
  previews: Record<string, Preview>;
  pictures: string[];
  history: Past[];
}

/** What a kernel sends: the whole once, then only what changes; see `zen_nb/faces/follow.py`. */
export interface Changes {
  kind: "changes";
  base: number;
  revision: number;
  nodes?: StepNode[];
  order?: string[];
  edges?: EdgeView[];
  run?: RunBar;
  message?: string;
  pipeline?: string;
}

export type Message =
  | { kind: "snapshot"; snapshot: unknown }
  | Changes
  | { kind: "refused"; ask: Ask; text: string }
  | { kind: "details"; step: string; details: StepDetails };

/**
 * Return what `message` makes of `before`: the same object where it says nothing new, `null`
 * where it builds on a revision that this page has not seen.
 */
export function applied(before: unknown, message: Message): unknown {
  if (message.kind === "snapshot") return message.snapshot;
  if (message.kind !== "changes") return before;
  const known = before as Partial<PipelineSnapshot> | null;
  if (!known?.nodes || known.revision === undefined) return null;
  if (known.revision >= message.revision && known.revision !== message.base) return before;
  if (known.revision !== message.base) return null;
  const nodes = new Map(known.nodes.map((node) => [node.id, node]));
  for (const node of message.nodes ?? []) nodes.set(node.id, node);
  const order = message.order ?? known.nodes.map((node) => node.id);
  const found = order.map((id) => nodes.get(id));
  if (found.includes(undefined)) return null;
  const { edges = known.edges, run = known.run, pipeline = known.pipeline } = message;
  const text = message.message ?? known.message;
  const { revision } = message;
  return { ...known, nodes: found, edges, run, pipeline, message: text, revision };
}

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
