import { set, svg } from "./dom";
import type { State } from "./snapshot";
import { look } from "./words";

/** A state's mark: its glyph drawn on a disc in its colour, the same in every font. */
export class StateIcon {
  private readonly glyph: Element;

  constructor(readonly element: SVGSVGElement = StateIcon.blank()) {
    this.glyph = element.lastElementChild as Element;
  }

  /** Return a mark without a state. */
  static blank(): SVGSVGElement {
    const attributes = { class: "znb-icon", viewBox: "0 0 16 16", "aria-hidden": "true" };
    const disc = svg("circle", { cx: 8, cy: 8, r: 8 });
    return svg("svg", attributes, disc, svg("path", { class: "znb-glyph" }));
  }

  update(state: State): void {
    set(this.element, "data-state", state);
    set(this.glyph, "d", look(state).icon);
  }
}

/** Return a small drawn sign for a button. */
export function sign(path: string): SVGSVGElement {
  const attributes = { class: "znb-sign", viewBox: "0 0 16 16", "aria-hidden": "true" };
  return svg("svg", attributes, svg("path", { d: path }));
}

export const SIGNS = {
  play: "M4.5 3l8 5l-8 5z",
  stop: "M4 4h8v8H4z",
  close: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  toHere: "M3 3.5l6 4.5l-6 4.5zM12.5 3.5v9",
} as const;
