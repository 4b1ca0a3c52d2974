/**
 * What the panel takes of JupyterLab and Notebook 7, by shape.
 *
 * The modules themselves come from the page at run time (`federation.ts`). Declaring the few
 * members that are used keeps four hundred packages out of the build; the browser tests hold
 * them against the real thing.
 */

export interface Signal<Sender, Args> {
  connect(slot: (sender: Sender, args: Args) => void): boolean;
  disconnect(slot: (sender: Sender, args: Args) => void): boolean;
}

export interface Widget {
  id: string;
  readonly node: HTMLElement;
  readonly isDisposed: boolean;
  readonly isVisible: boolean;
  readonly title: { label: string; caption: string; iconClass: string };
  addClass(name: string): void;
  readonly disposed: Signal<Widget, undefined>;
}

export interface Comm {
  readonly commId: string;
  onMsg: (message: CommMessage) => void;
  onClose: (message: CommMessage) => void;
  open(data?: unknown): unknown;
  send(data: unknown): unknown;
  close(): unknown;
  readonly isDisposed: boolean;
  readonly subshellStarted?: Promise<unknown>;
}

export interface CommMessage {
  content: { comm_id: string; data?: unknown };
}

export interface Kernel {
  readonly id: string;
  readonly isDisposed: boolean;
  readonly connectionStatus: "connected" | "connecting" | "disconnected";
  readonly info: Promise<{ language_info: { name: string } }>;
  createComm(target: string, id?: string): Comm;
  hasComm(id: string): boolean;
  registerCommTarget(target: string, callback: (comm: Comm, message: CommMessage) => void): void;
  removeCommTarget(target: string, callback: (comm: Comm, message: CommMessage) => void): void;
  requestCommInfo(content: { target_name: string }): Promise<{
    content: { status: string; comms?: Record<string, unknown> };
  }>;
  requestExecute(content: { code: string; silent?: boolean; store_history?: boolean }): {
    done: Promise<{ content: { status: string } }>;
  };
  interrupt(): Promise<void>;
}

export interface SessionContext {
  readonly session: { readonly kernel: Kernel | null } | null;
  readonly isDisposed: boolean;
  readonly ready: Promise<void>;
  readonly kernelChanged: Signal<SessionContext, unknown>;
  readonly statusChanged: Signal<SessionContext, string>;
  readonly connectionStatusChanged: Signal<SessionContext, string>;
}

export interface SharedCell {
  readonly id: string;
  getSource(): string;
}

export interface Cell {
  readonly node: HTMLElement;
  readonly model: {
    readonly id: string;
    readonly type: string;
    readonly sharedModel: SharedCell;
    readonly contentChanged: Signal<unknown, unknown>;
  };
}

export interface Notebook {
  readonly widgets: readonly Cell[];
  activeCellIndex: number;
  scrollToItem(index: number, align?: string): Promise<void>;
  readonly modelContentChanged: Signal<Notebook, unknown>;
  deselectAll(): void;
}

export interface NotebookPanel extends Widget {
  readonly content: Notebook;
  readonly context: {
    readonly path: string;
    readonly ready: Promise<void>;
    readonly model: {
      getMetadata?(key: string): unknown;
      setMetadata?(key: string, value: unknown): void;
      deleteMetadata?(key: string): void;
    };
  };
  readonly sessionContext: SessionContext;
}

export interface Tracker {
  readonly currentWidget: NotebookPanel | null;
  readonly currentChanged: Signal<Tracker, NotebookPanel | null>;
  readonly widgetAdded: Signal<Tracker, NotebookPanel>;
  forEach(action: (panel: NotebookPanel) => void): void;
}

export interface CommandOptions {
  label: string;
  caption?: string;
  isEnabled?: () => boolean;
  execute: (args: Record<string, unknown>) => unknown;
}

export interface App {
  readonly commands: {
    addCommand(id: string, options: CommandOptions): unknown;
    notifyCommandChanged(id?: string): void;
  };
  readonly shell: {
    add(widget: Widget, area: string, options?: { rank?: number; type?: string }): void;
    activateById(id: string): void;
  };
  readonly restored: Promise<void>;
  readonly serviceManager: { readonly serverSettings: ServerSettings };
}

export interface ServerSettings {
  readonly baseUrl: string;
}

export interface Palette {
  addItem(item: { command: string; category: string }): unknown;
}

/** Of `@jupyterlab/notebook`. */
export interface NotebookModule {
  INotebookTracker: unknown;
  NotebookActions: {
    runCells(
      notebook: Notebook,
      cells: readonly Cell[],
      sessionContext?: SessionContext,
    ): Promise<boolean>;
  };
}

/** Of `@jupyterlab/apputils`. */
export interface AppUtilsModule {
  ICommandPalette: unknown;
}

/** Of `@lumino/widgets`. */
export interface LuminoModule {
  Widget: new () => Widget;
}

/** Of `@jupyterlab/services`. */
export interface ServicesModule {
  ServerConnection: {
    makeRequest(url: string, init: RequestInit, settings: ServerSettings): Promise<Response>;
  };
}
