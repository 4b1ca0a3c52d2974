/** How numbers and states are said; `zen_nb/faces/picture.py` says them the same way. */

import type { CacheSwitch, RunBar, State, StepNode } from "./snapshot";
import looks from "./states.json";

export interface Look {
  word: string;
  glyph: string;
  color: string;
  border: string;
  icon: string;
}

/** Return how a state looks; a state this page does not know is shown by its own name. */
export function look(state: State): Look {
  const known = (looks as Record<string, Look>)[state];
  return known ?? { ...looks.never_run, word: state.replaceAll("_", " ") };
}

/** Say a duration in the shortest unit that keeps two digits: `45 ms`, `2.4 s`, `4 min`, `1.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 9.95) return `${trim(minutes)} min`;
  if (minutes < 99.5) return `${Math.round(minutes)} min`;
  return `${trim(minutes / 60)} h`;
}

function trim(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}

/** Say a size in decimal units: `48 kB`, `1.2 GB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let rank = 0;
  while (value >= 999.5 && rank < units.length - 1) {
    value /= 1000;
    rank += 1;
  }
  const digits = rank > 0 && value < 9.95 ? trim(value) : String(Math.round(value));
  return `${digits} ${units[rank]}`;
}

/** Say what a run would do: `11 cached, 2 to run, about 4 min`. */
export function forecast(run: RunBar): string {
  const parts = [`${run.cached} cached`, `${run.to_run} to run`];
  if (run.to_run > 0) {
    parts.push(
      run.predicted_s === null ? "time not known yet" : `about ${duration(run.predicted_s)}`,
    );
  }
  return parts.join(", ");
}

/**
 * Say what a flip would make run: steps that run for sure, and those below them that run where
 * a result changes.
 */
export function wouldRun(sure: readonly StepNode[], below: readonly StepNode[]): string {
  if (sure.length === 0) return "nothing would run";
  const named = sure.length === 1 ? `${sure[0]?.name} runs` : `${sure.length} steps run`;
  const first = `${named} (${sum(sure)})`;
  if (below.length === 0) return first;
  return `${first}, and ${below.length} below if results change (up to ${sum(below)})`;
}

function sum(nodes: readonly StepNode[]): string {
  const known = nodes.map((node) => node.predicted_s ?? node.duration_s);
  if (known.includes(null)) return "time not known yet";
  return `about ${duration(known.reduce<number>((all, each) => all + (each ?? 0), 0))}`;
}

/** Say how long ago something was, as a person would. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, now - then);
  if (seconds < 5) return "just now";
  return seconds < 86400 * 2
    ? `${duration(seconds)} ago`
    : `${Math.round(seconds / 86400)} days ago`;
}

/** Say whether caching is on and who said so: `on, set by the step`. */
export function setting(cache: CacheSwitch): string {
  return `${cache.enabled ? "on" : "off"}, set by ${cache.source}`;
}

/** Return the clause that follows the state's word on a node. */
export function clause(node: StepNode, now: number): string {
  switch (node.state) {
    case "running":
      return node.started_at === null ? "" : elapsed(now - node.started_at, node.duration_s);
    case "failed":
      return firstLine(node.error || node.reason);
    case "up_to_date":
      return "";
    case "caching_off":
      return `set by ${node.cache.source}`;
    default:
      return unsaid(firstLine(node.reason), look(node.state).word);
  }
}

function elapsed(seconds: number, last: number | null): string {
  const said = duration(Math.max(0, seconds));
  return last === null ? said : `${said} of ${duration(last)}`;
}

/** Return the quiet last line of a node: `2.4 s · saved 2.3 s`. */
export function timings(node: StepNode): string {
  const parts: string[] = [];
  if (node.duration_s !== null && node.state !== "running") {
    parts.push(duration(node.duration_s));
  }
  if (node.saved_s !== null && node.saved_s > 0) parts.push(`saved ${duration(node.saved_s)}`);
  return parts.join(" · ");
}

/** Leave out of a reason the word that already stands before it: `evicted: over the limit`. */
function unsaid(reason: string, word: string): string {
  return reason.startsWith(`${word}: `) ? reason.slice(word.length + 2) : reason;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Say a whole node for those who hear it. */
export function spoken(node: StepNode, now: number): string {
  const parts = [node.name, look(node.state).word, clause(node, now)];
  parts.push(`caching ${setting(node.cache)}`, ...node.badges);
  return parts.filter((part) => part !== "").join(", ");
}
