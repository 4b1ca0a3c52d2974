/** The thin shell around the drawing for anywidget: a trait in, custom messages out. */

import { draw } from "./draw";
import type { Model, News, Refusal } from "./model";
import { type Ask, type PipelineSnapshot, readSnapshot } from "./snapshot";

interface AnyModel {
  get(name: string): unknown;
  on(event: string, callback: (...parts: unknown[]) => void): void;
  off(event: string, callback: (...parts: unknown[]) => void): void;
  send(content: unknown): void;
}

/** Show the model's snapshot in `el` and follow it until the view goes. */
export function render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
  return draw(el, modelOf(model));
}

function modelOf(model: AnyModel): Model {
  return {
    get: (): PipelineSnapshot => readSnapshot(model.get("snapshot")),
    send: (ask: Ask): void => model.send(ask),
    subscribe: (listener: (news: News) => void): (() => void) => {
      const changed = (): void => listener({ kind: "snapshot" });
      const told = (content: unknown): void => {
        const news = content as ({ kind?: string } & Refusal) | null;
        if (news?.kind === "refused") listener({ kind: "refused", refusal: news });
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

export default { render };
