/** All that is known of the selected step, beneath or beside the graph. */

import { el, say, set } from "./dom";
import type { ShownSwitch } from "./flips";
import { SIGNS, StateIcon, sign } from "./icons";
import { drawPreview, picture } from "./previews";
import type { PipelineSnapshot, State, StepDetails, StepNode } from "./snapshot";
import { ThreePositions } from "./switches";
import { ago, bytes, clause, duration, look, setting } from "./words";

export interface DetailsActions {
  flip(id: string, value: boolean | null): void;
  runTo(id: string): void;
  /** Keep the step's record from being evicted, or let it be again. */
  pin(id: string, value: boolean): void;
  /** Remove the step's record. */
  forget(id: string): void;
  /** Show the step's cell; absent where the shell knows no notebook. */
  goTo?: (id: string) => void;
  close(): void;
}

export class Details {
  readonly element: HTMLElement;
  private readonly icon = new StateIcon();
  private readonly name = el("strong", { class: "znb-name" });
  private readonly word = el("span", { class: "znb-word" });
  private readonly clause = el("span", { class: "znb-clause" });
  private readonly setting = el("span", { class: "znb-setting" });
  private readonly body = el("div", { class: "znb-body" });
  private readonly three: ThreePositions;
  private readonly pin: HTMLElement;
  private readonly forget: HTMLElement;
  private node: StepNode | null = null;
  private drawn = "";

  constructor(actions: DetailsActions) {
    this.three = new ThreePositions("Caching of this step", (value) => {
      if (this.node) actions.flip(this.node.id, value);
    });
    const runTo = el("button", { type: "button", class: "znb-button" }, sign(SIGNS.toHere));
    runTo.append("Run to here");
    runTo.addEventListener("click", () => this.node && actions.runTo(this.node.id));
    const toCell = el("button", { type: "button", class: "znb-button", hidden: !actions.goTo });
    toCell.append("Go to cell");
    toCell.addEventListener("click", () => this.node && actions.goTo?.(this.node.id));
    this.pin = el("button", { type: "button", class: "znb-button" }, "Pin");
    this.pin.addEventListener("click", () => {
      if (this.node) actions.pin(this.node.id, !pinned(this.node));
    });
    this.forget = el("button", { type: "button", class: "znb-button" }, FORGET);
    this.forget.addEventListener("click", () => {
      if (this.forget.textContent === FORGET) say(this.forget, SURE);
      else if (this.node) actions.forget(this.node.id);
    });
    for (const calm of ["blur", "mouseleave"]) {
      this.forget.addEventListener(calm, () => say(this.forget, FORGET));
    }
    const close = el(
      "button",
      { type: "button", class: "znb-button znb-close", "aria-label": "Close details" },
      sign(SIGNS.close),
    );
    close.addEventListener("click", () => actions.close());
    const head = el("div", { class: "znb-head" }, this.icon.element, this.name);
    head.append(el("span", { class: "znb-state" }, this.word, this.clause), close);
    const acts = el("div", { class: "znb-acts" }, runTo, toCell, this.pin, this.forget);
    acts.append(el("span", { class: "znb-cache" }, "Cache", this.three.element), this.setting);
    this.element = el("section", { class: "znb-details", hidden: true }, head, acts, this.body);
  }

  /** Show `node` with what is known beyond it, or nothing. */
  update(
    node: StepNode | null,
    all: PipelineSnapshot,
    shown: ShownSwitch | null,
    more: StepDetails | null,
  ): void {
    const opened = node !== null && this.node?.id !== node.id;
    this.node = node;
    set(this.element, "hidden", node === null);
    if (node === null || shown === null) return;
    const now = Date.now() / 1000;
    set(this.element, "aria-label", `Details of ${node.name}`);
    this.icon.update(node.state);
    say(this.name, node.name);
    say(this.word, look(node.state).word);
    this.three.update(shown);
    const kept = node.finished_at !== null;
    set(this.pin, "hidden", !kept);
    say(this.pin, pinned(node) ? "Unpin" : "Pin");
    set(this.pin, "title", pinned(node) ? "Let it be evicted again" : "Never evict this result");
    set(this.forget, "hidden", !kept);
    set(this.forget, "title", "Remove this result: the step runs again");
    if (opened) say(this.forget, FORGET);
    say(this.setting, shown.pending ? "pending" : setting(shown));
    const drawing = JSON.stringify([node, all.edges, more]);
    if (drawing !== this.drawn) {
      this.drawn = drawing;
      this.body.replaceChildren(...sections(node, all, now, more));
      if (opened) this.body.scrollTop = 0;
    }
    this.tick(now);
  }

  tick(now: number): void {
    if (this.node === null) return;
    const said = this.node.state === "running" ? clause(this.node, now) : reason(this.node);
    say(this.clause, said === "" ? "" : ` · ${said}`);
  }
}

const FORGET = "Forget";
const SURE = "Forget this result?";

function pinned(node: StepNode): boolean {
  return node.badges.includes("pinned");
}

/** The error stands below in full; the reason of a state that lasts is history, told below too. */
function reason(node: StepNode): string {
  return SETTLED.includes(node.state) ? "" : node.reason;
}

const SETTLED: readonly State[] = ["failed", "up_to_date"];
const AHEAD: readonly State[] = ["edited", "will_run", "waiting", "evicted", "expired"];

function sections(
  node: StepNode,
  all: PipelineSnapshot,
  now: number,
  more: StepDetails | null,
): HTMLElement[] {
  return [
    why(node, more),
    error(node),
    facts(node, all, now),
    parameters(node),
    artifacts(node, more),
    pictures(node, more),
    history(more, now),
  ].filter((part): part is HTMLElement => part !== null);
}

function section(title: string, ...children: Node[]): HTMLElement {
  return el("div", { class: "znb-section" }, el("h4", {}, title), ...children);
}

function why(node: StepNode, more: StepDetails | null): HTMLElement | null {
  const told = more !== null && more.changes.length > 0;
  const changes = told ? more.changes : node.why.map((words) => ({ words, diff: [] }));
  if (changes.length === 0) return null;
  const lines = changes.map(({ words, diff }) => {
    const line = el("li", {}, words);
    if (diff.length > 0) line.append(el("pre", { class: "znb-diff" }, ...diff.map(diffLine)));
    return line;
  });
  const title = AHEAD.includes(node.state) ? "What changed" : "Why it last ran";
  const since = told && more.compared !== "" ? [el("div", { class: "znb-more" }, more.compared)] : [];
  return section(title, ...since, el("ul", { class: "znb-why" }, ...lines));
}

function diffLine(line: string): HTMLElement {
  const kind = line.startsWith("+") ? "new" : line.startsWith("-") ? "old" : "same";
  return el("span", { class: "znb-diff-line", "data-kind": kind }, line);
}

function error(node: StepNode): HTMLElement | null {
  return node.error === "" ? null : section("Error", el("pre", { class: "znb-error" }, node.error));
}

function facts(node: StepNode, all: PipelineSnapshot, now: number): HTMLElement | null {
  const rows: [string, string][] = [];
  if (node.duration_s !== null) rows.push(["Last run took", duration(node.duration_s)]);
  const told = node.state === "up_to_date" && node.why.length === 0 && node.reason !== "";
  if (told) rows.push(["Last time", node.reason]);
  if (node.saved_s !== null) rows.push(["Last hit saved", duration(node.saved_s)]);
  if (node.finished_at !== null) rows.push(["Computed", moment(node.finished_at, now)]);
  if (node.size_bytes > 0) rows.push(["Stored", bytes(node.size_bytes)]);
  const names = new Map(all.nodes.map((each) => [each.id, each.name]));
  for (const edge of all.edges) {
    const read = edge.names.join(", ");
    if (edge.target === node.id) rows.push(["Reads", `${read} from ${names.get(edge.source)}`]);
    if (edge.source === node.id) rows.push(["Feeds", `${read} to ${names.get(edge.target)}`]);
  }
  if (node.badges.length > 0) rows.push(["Marked", node.badges.join(", ")]);
  return rows.length === 0 ? null : section("Facts", list(rows));
}

function moment(at: number, now: number): string {
  const when = new Date(at * 1000);
  const day = when.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  const time = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return `${ago(at, now)} (${day}, ${time})`;
}

function parameters(node: StepNode): HTMLElement | null {
  if (node.parameters.length === 0) return null;
  return section("Parameters", list(node.parameters, "znb-code"));
}

function artifacts(node: StepNode, more: StepDetails | null): HTMLElement | null {
  if (node.artifacts.length === 0) return null;
  const parts = node.artifacts.map((each) => {
    const name = el("span", { class: "znb-artifact" }, each.name);
    const type = el("span", { class: "znb-type" }, ` ${each.type_name}`);
    const said = each.summary === "" ? "" : ` ${each.summary}`;
    const made = el("div", {}, el("div", { class: "znb-code-line" }, name, type, said));
    const preview = more?.previews[each.name];
    const saysMore = preview && !(preview.kind === "text" && preview.text === each.summary);
    if (saysMore) made.append(drawPreview(each.name, preview));
    return made;
  });
  const made = section("Artifacts", ...parts);
  set(made, "data-wide", true);
  return made;
}

function pictures(node: StepNode, more: StepDetails | null): HTMLElement | null {
  if (more === null || more.pictures.length === 0) return null;
  return section("Shown", ...more.pictures.map((png) => picture(png, `Picture that ${node.name} showed`)));
}

const KEPT = { current: "this result", kept: "kept", gone: "not kept any more" } as const;

function history(more: StepDetails | null, now: number): HTMLElement | null {
  if (more === null || more.history.length === 0) return null;
  const rows = more.history.map((past) => {
    const title = `${moment(past.created_at, now)}, key ${past.key}`;
    const when = el("td", { title }, ago(past.created_at, now));
    const took = el("td", {}, duration(past.duration_s));
    const size = el("td", {}, past.size_bytes > 0 ? bytes(past.size_bytes) : "");
    return el("tr", { "data-kept": past.state }, when, took, size, el("td", {}, KEPT[past.state]));
  });
  const head = ["computed", "took", "size", "result"].map((word) => el("th", { scope: "col" }, word));
  const table = el("table", { class: "znb-history" }, el("thead", {}, el("tr", {}, ...head)));
  table.append(el("tbody", {}, ...rows));
  return section("History", table);
}

function list(rows: readonly (readonly [string, string | Node])[], kind = ""): HTMLElement {
  const made = el("dl", { class: `znb-list ${kind}` });
  for (const [name, value] of rows) made.append(el("dt", {}, name), el("dd", {}, value));
  return made;
}
