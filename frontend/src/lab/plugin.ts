/** The JupyterLab and Notebook 7 plugin: a panel at the right, commands, marks beside cells. */

import { el } from "../dom";
import type { Ask } from "../snapshot";
import type { Use } from "./federation";
import type {
  App,
  AppUtilsModule,
  LuminoModule,
  NotebookModule,
  NotebookPanel,
  Palette,
  ServicesModule,
  Tracker,
  Widget,
} from "./jupyter";
import { Pane } from "./pane";
import { Server } from "./server";

const ID = "zen-nb:panel";
const NOTHING = "Open a notebook, and its steps appear here.";

/** Return the plugins, made of modules that the page shares. */
export async function plugins(use: Use): Promise<unknown[]> {
  const notebooks = await use<NotebookModule>("@jupyterlab/notebook");
  const utils = await use<AppUtilsModule>("@jupyterlab/apputils");
  const services = await use<ServicesModule>("@jupyterlab/services");
  const lumino = await use<LuminoModule>("@lumino/widgets");
  return [
    {
      id: ID,
      description: "The graph of a notebook's steps, live, with the switches of its cache.",
      autoStart: true,
      requires: [notebooks.INotebookTracker],
      optional: [utils.ICommandPalette],
      activate: (app: App, tracker: Tracker, palette: Palette | null): void => {
        const server = new Server(services, app.serviceManager.serverSettings);
        const side = new Side(new lumino.Widget(), tracker, notebooks, server, app);
        app.shell.add(side.widget, "right", { rank: 700, type: "zen_nb" });
        addCommands(app, palette, side);
      },
    },
  ];
}

/** The panel: shows the pane of the active notebook, and keeps those of the others. */
class Side {
  private readonly panes = new Map<NotebookPanel, Pane>();
  private readonly nothing = el("div", { class: "znb-nothing" }, NOTHING);
  private shown: Pane | null = null;

  constructor(
    readonly widget: Widget,
    private readonly tracker: Tracker,
    private readonly notebooks: NotebookModule,
    private readonly server: Server,
    private readonly app: App,
  ) {
    widget.id = "zen-nb-panel";
    widget.addClass("znb-panel");
    widget.title.caption = "zen_nb: the graph of this notebook's steps";
    widget.title.iconClass = "znb-tab-icon";
    widget.node.setAttribute("role", "region");
    widget.node.setAttribute("aria-label", "zen_nb pipeline");
    widget.node.append(this.nothing);
    tracker.forEach((panel) => this.add(panel));
    tracker.widgetAdded.connect((_, panel) => this.add(panel));
    tracker.currentChanged.connect(() => this.follow());
    this.follow();
  }

  get pane(): Pane | null {
    return this.shown;
  }

  private add(panel: NotebookPanel): void {
    if (this.panes.has(panel)) return;
    const pane = new Pane(panel, this.notebooks, this.server, () => {
      this.app.commands.notifyCommandChanged();
    });
    this.panes.set(panel, pane);
    panel.disposed.connect(() => {
      pane.close();
      this.panes.delete(panel);
      this.follow();
    });
    this.follow();
  }

  private follow(): void {
    const current = this.tracker.currentWidget;
    const pane = (current && this.panes.get(current)) ?? null;
    if (pane === this.shown) return;
    this.shown = pane;
    this.widget.node.replaceChildren(pane?.element ?? this.nothing);
    this.app.commands.notifyCommandChanged();
  }
}

function addCommands(app: App, palette: Palette | null, side: Side): void {
  const live = (): boolean => side.pane?.link.condition === "live";
  const onStep = (): boolean => live() && side.pane?.activeStep !== "";
  const ask = (made: () => Ask) => (): void => side.pane?.ask(made());
  const step = (): string => side.pane?.activeStep ?? "";
  const add = (id: string, label: string, isEnabled: () => boolean, execute: () => unknown): void => {
    app.commands.addCommand(`zen_nb:${id}`, { label, isEnabled, execute });
    palette?.addItem({ command: `zen_nb:${id}`, category: "zen_nb" });
  };
  add("show", "Show the Pipeline Panel", () => true, () => app.shell.activateById(side.widget.id));
  add("run", "Run What Must Run", live, ask(() => ({ kind: "run", to: null, all: false })));
  add("run-all", "Run All Steps Afresh", live, ask(() => ({ kind: "run", to: null, all: true })));
  add("run-to-cell", "Run Steps up to This Cell", onStep, ask(() => ({ kind: "run", to: step(), all: false })));
  add("stop", "Stop the Run", live, ask(() => ({ kind: "stop" })));
  add("toggle", "Turn Caching of This Step On or Off", onStep, () => {
    const node = side.pane?.snapshot?.nodes.find((one) => one.name === step());
    if (node) side.pane?.ask({ kind: "toggle", step: node.name, value: node.cache.enabled ? false : null });
  });
  add("clear-toggles", "Clear All Toggles", live, ask(() => ({ kind: "clear_toggles" })));
  add(
    "load",
    "Load zen_nb in This Kernel",
    () => side.pane?.link.condition === "not loaded",
    () => side.pane?.link.load(),
  );
}
