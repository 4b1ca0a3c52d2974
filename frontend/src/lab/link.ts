/** One notebook's line to its kernel: what the graphs are, and what is asked of them. */

import { type News, newsOf } from "../model";
import { type Ask, applied, type Message } from "../snapshot";
import type { Comm, CommMessage, Kernel, SessionContext } from "./jupyter";

const NEWS = "zen_nb.news";
const NEWS_ID = "zen-nb-news";
const ASK = "zen_nb.ask";
const PATIENCE_MS = 5000;

/** How things stand between a notebook and its kernel. */
export type Condition = "no kernel" | "connecting" | "not loaded" | "live";

type Told = { graph?: string } & (
  | Message
  | { kind: "graphs"; names: string[] }
  | { kind: "done"; ask: Ask }
);

export class Link {
  condition: Condition = "no kernel";
  /** The graphs that the kernel offers, and the one that is followed. */
  names: string[] = [];
  shown = "";
  /** Whether the kernel runs Python, as far as is known. */
  isPython = true;
  private kernel: Kernel | null = null;
  private ask: Comm | null = null;
  private readonly snapshots = new Map<string, unknown>();
  private readonly waiting = new Set<(told: Told) => void>();
  private generation = 0;

  constructor(
    private readonly context: SessionContext,
    private readonly changed: () => void,
    private readonly told: (news: News) => void,
  ) {
    context.kernelChanged.connect(this.onKernel);
    context.statusChanged.connect(this.onStatus);
    context.connectionStatusChanged.connect(this.onConnection);
    this.attach();
  }

  close(): void {
    this.context.kernelChanged.disconnect(this.onKernel);
    this.context.statusChanged.disconnect(this.onStatus);
    this.context.connectionStatusChanged.disconnect(this.onConnection);
    this.detach();
  }

  /** The newest snapshot of the graph that is shown, or `null` before the first. */
  get snapshot(): unknown {
    return this.snapshots.get(this.shown) ?? null;
  }

  send(ask: Ask): void {
    this.ask?.send({ ...ask, graph: this.shown });
  }

  /** Ask and wait until the kernel says that it is done. */
  async sendAndWait(ask: Ask): Promise<void> {
    const done = new Promise<void>((resolve) => {
      const hear = (told: Told): void => {
        if (told.kind !== "done" && told.kind !== "refused") return;
        this.waiting.delete(hear);
        resolve();
      };
      this.waiting.add(hear);
    });
    this.send(ask);
    await soon(done);
  }

  watch(graph: string): void {
    this.shown = graph;
    this.ask?.send({ kind: "watch", graph });
    this.changed();
  }

  /** Load the extension in the kernel, as the line in a notebook does. */
  async load(): Promise<void> {
    const kernel = this.kernel;
    if (kernel === null) return;
    const code = "%load_ext zen_nb";
    await kernel.requestExecute({ code, store_history: false }).done;
  }

  // -- kernels come and go ------------------------------------------------------------------

  private readonly onKernel = (): void => {
    this.attach();
  };

  private readonly onStatus = (_: unknown, status: string): void => {
    // The connection stays when a kernel restarts, and what it knew of comms does not.
    if (status === "restarting" || status === "autorestarting") this.restarted();
    if (status === "dead" || status === "terminating") this.lose("no kernel");
  };

  private readonly onConnection = (_: unknown, status: string): void => {
    if (status === "connected" && this.condition !== "live") this.attach();
    // Messages that were sent while the page was cut off are lost: begin with the whole.
    else if (status === "connected") this.ask?.send({ kind: "watch", graph: this.shown });
  };

  private attach(): void {
    const kernel = this.context.session?.kernel ?? null;
    if (kernel !== this.kernel) this.detach();
    this.kernel = kernel;
    if (kernel === null) {
      this.lose("no kernel");
      return;
    }
    this.lose("connecting");
    kernel.registerCommTarget(NEWS, this.onNewsOpen);
    void this.find(kernel, this.generation);
  }

  private restarted(): void {
    this.lose("not loaded");
  }

  private detach(): void {
    this.kernel?.removeCommTarget(NEWS, this.onNewsOpen);
    if (this.ask && !this.ask.isDisposed) this.ask.close();
    this.kernel = null;
    this.lose("no kernel");
  }

  private lose(condition: Condition): void {
    this.generation += 1;
    this.ask = null;
    this.names = [];
    this.snapshots.clear();
    this.condition = condition;
    this.changed();
  }

  /** Hear at once of what a running cell does, and ask whether the extension is there. */
  private async find(kernel: Kernel, generation: number): Promise<void> {
    if (!kernel.hasComm(NEWS_ID)) this.follow(kernel.createComm(NEWS, NEWS_ID));
    const { language_info } = await kernel.info;
    this.isPython = language_info.name === "python";
    const { content } = await kernel.requestCommInfo({ target_name: NEWS });
    if (generation !== this.generation || this.ask !== null) return;
    if (content.comms?.[NEWS_ID] !== undefined) await this.open(kernel);
    else {
      this.condition = "not loaded";
      this.changed();
    }
  }

  private readonly onNewsOpen = (comm: Comm): void => {
    this.follow(comm);
    if (this.kernel) void this.open(this.kernel);
  };

  private follow(news: Comm): void {
    news.onMsg = (message) => this.take(message);
    news.onClose = () => {
      if (this.kernel && !this.kernel.isDisposed) this.lose("not loaded");
    };
  }

  private async open(kernel: Kernel): Promise<void> {
    if (this.ask !== null) return;
    const ask = kernel.createComm(ASK);
    this.ask = ask;
    if (ask.subshellStarted) await soon(ask.subshellStarted);
    if (this.ask === ask) ask.open();
  }

  // -- what the kernel says -----------------------------------------------------------------

  private take(message: CommMessage): void {
    const told = message.content.data as Told;
    for (const hear of [...this.waiting]) hear(told);
    if (told.kind === "graphs") {
      this.names = told.names;
      if (!told.names.includes(this.shown)) this.shown = told.names[0] ?? "";
      this.condition = "live";
      if (this.ask === null && this.kernel) void this.open(this.kernel);
      this.changed();
      return;
    }
    if (told.kind === "done" || told.graph === undefined) return;
    const graph = told.graph;
    const news = newsOf(told);
    if (news !== null) {
      if (graph === this.shown) this.told(news);
      return;
    }
    const before = this.snapshots.get(graph) ?? null;
    const after = applied(before, told);
    if (after === null) {
      if (graph === this.shown) this.ask?.send({ kind: "resend", graph });
    } else if (after !== before) {
      this.snapshots.set(graph, after);
      this.condition = "live";
      if (graph === this.shown) this.changed();
    }
  }
}

/** Wait for `what`, but not for ever: a kernel that is busy may answer much later. */
async function soon(what: Promise<unknown>): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([what.catch(() => undefined), patience]);
}
