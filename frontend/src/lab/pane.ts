/** One notebook in the panel: its link, its graph, the marks beside its cells. */

import { el, say, set } from "../dom";
import { draw } from "../draw";
import type { Model, News } from "../model";
import { type Ask, type PipelineSnapshot, readSnapshot, UnknownShape } from "../snapshot";
import { Gutter } from "./gutter";
import type { NotebookModule, NotebookPanel } from "./jupyter";
import { type Condition, Link } from "./link";
import { needed, Page, type Seen, type StepCell, stepCells } from "./page";
import type { Server } from "./server";
import { count, keep, kept, type Kept, togglesOf } from "./toggles";

const NOTEBOOK = "notebook";
const CALM_MS = 250;

const WORDS: Record<Condition, string> = {
  "no kernel": "No kernel runs. This is the last that is known.",
  connecting: "Waiting for the kernel.",
  "not loaded": "zen_nb is not loaded in this kernel.",
  live: "",
};

export class Pane {
  readonly element: HTMLElement;
  readonly link: Link;
  private readonly said = el("span");
  private readonly load = button("Load zen_nb", () => void this.link.load());
  private readonly notice: HTMLElement;
  private readonly offerText = el("span");
  private readonly offer: HTMLElement;
  private readonly choice = el("select", { class: "znb-input", "aria-label": "Graph" });
  private readonly host = el("div", { class: "znb-host" });
  private readonly page = new Page();
  private readonly gutter = new Gutter();
  private readonly listeners = new Set<(news: News) => void>();
  private readonly undraw: () => void;
  private seen: Seen | null = null;
  private cells: StepCell[] = [];
  private known: ReadonlySet<string> = new Set();
  private base: unknown = undefined;
  private past: PipelineSnapshot | null = null;
  private offered: Kept | null = null;
  private condition: Condition = "no kernel";
  private calm: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly panel: NotebookPanel,
    private readonly notebooks: NotebookModule,
    private readonly server: Server,
    private readonly changed: () => void,
  ) {
    this.notice = el("div", { class: "znb-condition", role: "status" }, this.said, this.load);
    const restore = button("Restore", () => this.restore());
    const forget = button("Forget", () => this.forget());
    this.offer = el("div", { class: "znb-condition", hidden: true }, this.offerText, restore, forget);
    this.choice.addEventListener("change", () => this.link.watch(this.choice.value));
    this.element = el("div", { class: "znb-pane" }, this.notice, this.offer, this.choice, this.host);
    this.link = new Link(
      panel.sessionContext,
      () => this.refresh(),
      (news) => this.tell(news),
    );
    this.undraw = draw(this.host, this.model());
    panel.content.modelContentChanged.connect(this.onEdit);
    this.readPage();
  }

  close(): void {
    clearTimeout(this.calm);
    if (!this.panel.isDisposed) this.panel.content.modelContentChanged.disconnect(this.onEdit);
    this.undraw();
    this.link.close();
    this.gutter.clear();
    this.element.remove();
  }

  /** The graph as it is drawn, or `null` where none is. */
  get snapshot(): PipelineSnapshot | null {
    return this.seen?.snapshot ?? null;
  }

  /** The step that the notebook's active cell defines, `""` where it defines none. */
  get activeStep(): string {
    const cell = this.panel.content.widgets[this.panel.content.activeCellIndex];
    return (cell && this.seen?.nodes.get(cell.model.id)?.name) ?? "";
  }

  ask(ask: Ask): void {
    if (ask.kind === "run" && this.link.shown === NOTEBOOK) void this.run(ask.to, ask.all);
    else if (ask.kind === "stop") void this.panel.sessionContext.session?.kernel?.interrupt();
    else this.link.send(ask);
  }

  // -- the page -------------------------------------------------------------------------------

  /** Cells are looked at when typing pauses. */
  private readonly onEdit = (): void => {
    clearTimeout(this.calm);
    this.calm = setTimeout(() => this.readPage(), CALM_MS);
  };

  private readPage(): void {
    if (this.panel.isDisposed) return;
    this.cells = stepCells(this.panel.content, this.known);
    this.refresh();
  }

  private show(step: string): void {
    const node = this.seen?.snapshot.nodes.find((one) => one.id === step);
    const found = this.cells.find(({ cell }) => cell.model.id === node?.cell_id);
    if (found === undefined) return;
    const { content } = this.panel;
    content.activeCellIndex = found.index;
    void content.scrollToItem(found.index, "smart");
  }

  // -- runs: the notebook's own cells, so that outputs land where they belong ------------------

  private async run(to: string | null, all: boolean): Promise<void> {
    const snapshot = this.snapshot;
    if (snapshot === null) return;
    if (all) await this.link.sendAndWait({ kind: "afresh", step: null });
    const wanted = needed(snapshot, to);
    const known = this.seen?.nodes ?? new Map<string, { id: string }>();
    const cells = this.cells.filter(({ cell, name }) => {
      const node = known.get(cell.model.id);
      if (node === undefined) return to === null || name === to;
      return all || wanted.has(node.id);
    });
    const { content, sessionContext } = this.panel;
    if (cells.length === 0) return;
    const run = cells.map(({ cell }) => cell);
    await this.notebooks.NotebookActions.runCells(content, run, sessionContext);
  }

  // -- drawing ----------------------------------------------------------------------------------

  private model(): Model {
    return {
      get: () => {
        if (this.seen === null) throw new UnknownShape(WORDS[this.link.condition] || "waiting");
        return this.seen.snapshot;
      },
      subscribe: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      send: (ask) => this.ask(ask),
      goTo: (step) => this.show(step),
    };
  }

  private tell(news: News): void {
    for (const listener of this.listeners) listener(news);
  }

  private refresh(): void {
    // The link tells of itself while it is made.
    const link = this.link as Link | undefined;
    if (link === undefined) return;
    this.onCondition(link);
    const raw = link.snapshot ?? this.past;
    this.seen = raw === null ? null : this.look(raw);
    if (link.snapshot !== this.base) {
      this.base = link.snapshot;
      if (link.shown === NOTEBOOK && this.seen !== null && link.condition === "live") this.keep(this.seen.snapshot);
    }
    const tells = link.condition === "live" && link.shown === NOTEBOOK;
    const nodes = tells ? this.seen?.nodes : undefined;
    this.gutter.update(this.cells, nodes ?? new Map());
    this.drawAround(link);
    this.tell({ kind: "snapshot" });
    this.changed();
  }

  private look(raw: unknown): Seen | null {
    try {
      const snapshot = readSnapshot(raw);
      this.meet(snapshot);
      return this.page.seen(snapshot, this.cells);
    } catch (error) {
      if (!(error instanceof UnknownShape)) throw error;
      say(this.said, error.message);
      return null;
    }
  }

  /** Take in cells that are steps without saying so: only the kernel knows of them. */
  private meet(snapshot: PipelineSnapshot): void {
    const ids = snapshot.nodes.map((node) => node.cell_id).filter((id) => id !== "");
    if (ids.length === this.known.size && ids.every((id) => this.known.has(id))) return;
    this.known = new Set(ids);
    this.cells = stepCells(this.panel.content, this.known);
  }

  private onCondition(link: Link): void {
    if (link.condition === this.condition) return;
    const before = this.condition;
    this.condition = link.condition;
    if (link.condition === "live") {
      this.past = null;
      this.offered = kept(this.panel);
    } else if (before === "live" || this.past === null) void this.recall();
  }

  /** Show what the server knows of the notebook while its kernel tells nothing. */
  private async recall(): Promise<void> {
    const past = await this.server.graph(this.panel.context.path);
    if (this.condition === "live" || this.panel.isDisposed) return;
    this.past = past;
    this.refresh();
  }

  private drawAround(link: Link): void {
    const known = link.condition !== "no kernel" || this.past !== null;
    const words = known ? WORDS[link.condition] : "No kernel runs.";
    say(this.said, link.isPython ? words : "zen_nb is for Python; this kernel runs another language.");
    set(this.notice, "hidden", link.condition === "live");
    set(this.load, "hidden", link.condition !== "not loaded" || !link.isPython);
    set(this.host, "data-past", link.condition !== "live");
    set(this.choice, "hidden", link.names.length < 2);
    const names = [...this.choice.options].map((option) => option.value);
    if (JSON.stringify(names) !== JSON.stringify(link.names)) {
      this.choice.replaceChildren(...link.names.map((name) => el("option", { value: name }, name)));
    }
    this.choice.value = link.shown;
  }

  // -- toggles that outlive the kernel -----------------------------------------------------------

  private keep(snapshot: PipelineSnapshot): void {
    const now = togglesOf(snapshot);
    if (count(now) > 0) this.offered = null;
    if (this.offered === null) keep(this.panel, now);
    const asked = this.offered === null ? 0 : count(this.offered);
    say(this.offerText, `${asked} toggle${asked === 1 ? "" : "s"} from an earlier kernel.`);
    set(this.offer, "hidden", asked === 0);
  }

  private restore(): void {
    const { run, steps } = this.offered ?? { run: null, steps: {} };
    const here = new Set(this.snapshot?.nodes.map((node) => node.name));
    if (run !== null) this.link.send({ kind: "toggle", step: null, value: run });
    for (const [step, value] of Object.entries(steps)) {
      if (here.has(step)) this.link.send({ kind: "toggle", step, value });
    }
    this.offered = null;
    set(this.offer, "hidden", true);
  }

  private forget(): void {
    this.offered = null;
    keep(this.panel, { run: null, steps: {} });
    set(this.offer, "hidden", true);
  }
}

function button(words: string, onClick: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", class: "znb-button" }, words);
  made.addEventListener("click", onClick);
  return made;
}
