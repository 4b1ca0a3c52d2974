/** The two controls of caching: a switch that flips, and the three positions side by side. */

import { el, say, set } from "./dom";
import type { ShownSwitch } from "./flips";
import { setting } from "./words";

/** One click flips; a ring marks a switch that was set here rather than found. */
export class FlipSwitch {
  constructor(readonly element: HTMLButtonElement) {}

  /** Return a switch that stands nowhere yet. */
  static blank(): HTMLButtonElement {
    return el(
      "button",
      { type: "button", class: "znb-switch", role: "switch", tabindex: -1 },
      el("span", { class: "znb-track" }, el("span", { class: "znb-thumb" })),
    );
  }

  update(name: string, shown: ShownSwitch): void {
    set(this.element, "aria-checked", shown.enabled ? "true" : "false");
    set(this.element, "aria-label", `Cache ${name}`);
    set(this.element, "data-here", shown.toggle !== null);
    set(this.element, "data-pending", shown.pending);
    set(this.element, "title", switchTitle(shown));
  }
}

function switchTitle(shown: ShownSwitch): string {
  if (shown.pending) return "pending: the kernel has not answered yet";
  const next = shown.enabled
    ? "Click to run this step afresh next time, and what is below it if its result changes"
    : "Click to reuse its result where nothing changed";
  return `Caching ${setting(shown)}\n${next}`;
}

const POSITIONS: readonly [string, boolean | null, string][] = [
  ["as set", null, "as the steps, the pipeline and the project say"],
  ["on", true, "reuse results where nothing changed"],
  ["off", false, "run afresh, and store the results"],
];

/** When a control is looked at, and when no longer. */
export const LOOKS = [
  ["mouseenter", true],
  ["focus", true],
  ["mouseleave", false],
  ["blur", false],
] as const;

/** As set, on, off: every position one click, or one arrow key, away. */
export class ThreePositions {
  readonly element: HTMLElement;
  private readonly radios: HTMLButtonElement[];

  constructor(
    label: string,
    private readonly onPick: (value: boolean | null) => void,
    private readonly onLook: (value: boolean | null, on: boolean) => void = () => undefined,
  ) {
    this.radios = POSITIONS.map(([word, value, title]) => this.radio(word, value, title));
    this.element = el("span", { class: "znb-three", role: "radiogroup", "aria-label": label });
    this.element.append(...this.radios);
    this.element.addEventListener("keydown", (event) => this.step(event));
  }

  update(shown: ShownSwitch): void {
    set(this.element, "data-pending", shown.pending);
    set(this.element, "title", shown.pending ? "pending: the kernel has not answered yet" : null);
    POSITIONS.forEach(([, value], index) => {
      const radio = this.radios[index] as HTMLButtonElement;
      set(radio, "aria-checked", shown.toggle === value ? "true" : "false");
      set(radio, "tabindex", shown.toggle === value ? 0 : -1);
    });
  }

  private radio(word: string, value: boolean | null, title: string): HTMLButtonElement {
    const made = el("button", { type: "button", role: "radio", title });
    say(made, word);
    made.addEventListener("click", () => this.onPick(value));
    for (const [event, on] of LOOKS) made.addEventListener(event, () => this.onLook(value, on));
    return made;
  }

  private step(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    const at = this.radios.indexOf(event.target as HTMLButtonElement);
    const next = (at + by + POSITIONS.length) % POSITIONS.length;
    this.radios[next]?.focus();
    this.onPick((POSITIONS[next] as (typeof POSITIONS)[number])[1]);
    event.preventDefault();
    event.stopPropagation();
  }
}
