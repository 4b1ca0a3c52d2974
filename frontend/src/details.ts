/** All that is known of the selected step, beneath or beside the graph. */

import { el, say, set } from "./dom";
import type { ShownSwitch } from "./flips";
import { SIGNS, StateIcon, sign } from "./icons";
import type { PipelineSnapshot, State, StepNode } from "./snapshot";
import { ThreePositions } from "./switches";
import { ago, bytes, clause, duration, look, setting } from "./words";

export interface DetailsActions {
  flip(id: string, value: boolean | null): void;
  runTo(id: string): void;
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
  private node: StepNode | null = null;
  private drawn = "";

  constructor(actions: DetailsActions) {
    this.three = new ThreePositions("Caching of this step", (value) => {
      if (this.node) actions.flip(this.node.id, value);
    });
    const runTo = el("button", { type: "button", class: "znb-button" }, sign(SIGNS.toHere));
    runTo.append("Run to here");
    runTo.addEventListener("click", () => this.node && actions.runTo(this.node.id));
    const close = el(
      "button",
      { type: "button", class: "znb-button znb-close", "aria-label": "Close details" },
      sign(SIGNS.close),
    );
    close.addEventListener("click", () => actions.close());
    const head = el("div", { class: "znb-head" }, this.icon.element, this.name);
    head.append(el("span", { class: "znb-state" }, this.word, this.clause), close);
    const acts = el("div", { class: "znb-acts" }, runTo);
    acts.append(el("span", { class: "znb-cache" }, "Cache", this.three.element), this.setting);
    this.element = el("section", { class: "znb-details", hidden: true }, head, acts, this.body);
  }

  /** Show `node`, or nothing. */
  update(node: StepNode | null, all: PipelineSnapshot, shown: ShownSwitch | null): void {
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
    say(this.setting, shown.pending ? "pending" : setting(shown));
    const drawing = JSON.stringify([node, all.edges]);
    if (drawing !== this.drawn) {
      this.drawn = drawing;
      this.body.replaceChildren(...sections(node, all, now));
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

/** The error stands below in full; the reason of a state that lasts is history, told below too. */
function reason(node: StepNode): string {
  return SETTLED.includes(node.state) ? "" : node.reason;
}

const SETTLED: readonly State[] = ["failed", "up_to_date"];
const AHEAD: readonly State[] = ["edited", "will_run", "waiting", "evicted", "expired"];

function sections(node: StepNode, all: PipelineSnapshot, now: number): HTMLElement[] {
  return [why(node), error(node), facts(node, all, now), parameters(node), artifacts(node)].filter(
    (part): part is HTMLElement => part !== null,
  );
}

function section(title: string, ...children: Node[]): HTMLElement {
  return el("div", { class: "znb-section" }, el("h4", {}, title), ...children);
}

function why(node: StepNode): HTMLElement | null {
  if (node.why.length === 0) return null;
  const lines = node.why.map((line) => el("li", {}, line));
  const title = AHEAD.includes(node.state) ? "What changed" : "Why it last ran";
  return section(title, el("ul", { class: "znb-why" }, ...lines));
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

function artifacts(node: StepNode): HTMLElement | null {
  if (node.artifacts.length === 0) return null;
  const rows = node.artifacts.map((each) => {
    const type = el("span", { class: "znb-type" }, each.type_name);
    const value = el("span", {}, type, each.summary === "" ? "" : ` ${each.summary}`);
    return [each.name, value] as [string, Node];
  });
  return section("Artifacts", list(rows, "znb-code"));
}

function list(rows: readonly (readonly [string, string | Node])[], kind = ""): HTMLElement {
  const made = el("dl", { class: `znb-list ${kind}` });
  for (const [name, value] of rows) made.append(el("dt", {}, name), el("dd", {}, value));
  return made;
}
