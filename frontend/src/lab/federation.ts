/**
 * The door through which JupyterLab loads the panel: a module federation container by hand.
 *
 * JupyterLab runs this script, hands it the modules that the page shares (`init`) and asks it
 * for `./extension` (`get`). What the panel needs of the page is a handful of tokens and classes,
 * so that no bundler with a federation runtime is needed.
 */

interface SharedVersion {
  get(): Promise<() => unknown>;
  loaded?: boolean | number;
}
export type ShareScope = Record<string, Record<string, SharedVersion>>;

export interface Container {
  init(scope: ShareScope): void;
  get(module: string): Promise<() => unknown>;
}

/** Takes a module that the page shares. */
export type Use = <Module>(name: string) => Promise<Module>;

/** Return a container that offers what `extension` makes. */
export function containerOf(extension: (use: Use) => Promise<unknown>): Container {
  let shared: ShareScope = {};
  const use: Use = async <Module>(name: string): Promise<Module> => {
    const versions = Object.values(shared[name] ?? {});
    // One page has one copy of what is a singleton; where there are more, the one in use counts.
    const found = versions.find((version) => version.loaded) ?? versions[0];
    if (found === undefined) throw new Error(`zen_nb: this page does not share ${name}`);
    return (await found.get())() as Module;
  };
  return {
    init: (scope) => {
      shared = scope;
    },
    get: async (module) => {
      if (module !== "./extension") throw new Error(`zen_nb: there is no module ${module}`);
      const plugins = await extension(use);
      return () => ({ __esModule: true, default: plugins });
    },
  };
}
