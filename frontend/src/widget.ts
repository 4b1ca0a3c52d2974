/** The thin shell around the drawing for anywidget: its state and messages in, messages out. */

import { draw } from "./draw";
import { type Model, type News, newsOf } from "./model";
import { type Ask, applied, type Message, type PipelineSnapshot, readSnapshot } from "./snapshot";

interface AnyModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  on(event: string, callback: (...parts: unknown[]) => void): void;
  off(event: string, callback: (...parts: unknown[]) => void): void;
  send(content: unknown): void;
}

/** Keep the model's snapshot up to date, once for all its views. */
function initialize({ model }: { model: AnyModel }): () => void {
  const take = (content: unknown): void => {
    const before = model.get("snapshot");
    const after = applied(before, content as Message);
    if (after === null) model.send({ kind: "resend" });
    else if (after !== before) model.set("snapshot", after);
  };
  model.on("msg:custom", take);
  return () => model.off("msg:custom", take);
}

/** Show the model's snapshot in `el` and follow it until the view goes. */
function render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
  return draw(el, modelOf(model));
}

function modelOf(model: AnyModel): Model {
  return {
    get: (): PipelineSnapshot => readSnapshot(model.get("snapshot")),
    send: (ask: Ask): void => model.send(ask),
    subscribe: (listener: (news: News) => void): (() => void) => {
      const changed = (): void => listener({ kind: "snapshot" });
      const told = (content: unknown): void => {
        const news = newsOf(content as Message);
        if (news !== null) listener(news);
      };
      model.on("change:snapshot", changed);
      model.on("msg:custom", told);
      return () => {
        model.off("change:snapshot", changed);
        model.off("msg:custom", told);
      };
    },
  };
}

// Only the default export: with `render` beside it anywidget would not call `initialize`.
export default { initialize, render };
