/** What JupyterLab loads: `remoteEntry`, with its style beside it. */

import { containerOf, type Container } from "./federation";
import { plugins } from "./plugin";

declare global {
  interface Window {
    _JUPYTERLAB?: Record<string, Container>;
  }
}

const script = document.currentScript as HTMLScriptElement | null;
if (script !== null) {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = script.src.replace(/\.js(\?.*)?$/, ".css");
  document.head.append(style);
}
(window._JUPYTERLAB ??= {})["zen-nb"] = containerOf(plugins);
