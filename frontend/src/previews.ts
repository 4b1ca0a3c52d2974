/** First looks at artifacts: tables, small plots, pictures, parameters and texts. */

import { el, svg } from "./dom";
import type { Preview } from "./snapshot";

const PLOT = { width: 240, height: 56 } as const;

/** Draw a first look; all text in it is set as text. */
export function drawPreview(name: string, preview: Preview): HTMLElement {
  switch (preview.kind) {
    case "table":
      return table(name, preview);
    case "plot":
      return plot(name, preview);
    case "picture":
      return picture(preview.png, `Picture of ${name}`);
    case "parameters":
      return parameters(preview);
    case "text":
      return el("pre", { class: "znb-text" }, preview.text);
  }
}

/** Show a PNG that came as base64. */
export function picture(png: string, alt: string): HTMLElement {
  return el("img", { class: "znb-picture", src: `data:image/png;base64,${png}`, alt });
}

function table(name: string, { columns, types, index, rows, shape }: Preview & { kind: "table" }): HTMLElement {
  const head = el("tr", {}, el("td", {}));
  columns.forEach((column, at) => {
    head.append(el("th", { scope: "col", title: types[at] ?? "" }, column));
  });
  const body = el("tbody");
  rows.forEach((row, at) => {
    const line = el("tr", {}, el("th", { scope: "row" }, index[at] ?? ""));
    line.append(...row.map((cell) => el("td", {}, cell)));
    body.append(line);
  });
  const grid = el("table", { class: "znb-table" }, el("thead", {}, head), body);
  grid.setAttribute("aria-label", `First rows of ${name}`);
  const more = rest(shape, rows.length, columns.length);
  const scroller = el("div", { class: "znb-wide", tabindex: 0, role: "group" }, grid);
  scroller.setAttribute("aria-label", `First rows of ${name}`);
  return el("div", {}, scroller, ...(more === "" ? [] : [el("div", { class: "znb-more" }, more)]));
}


function rest(shape: [number, number], rows: number, columns: number): string {
  const parts: string[] = [];
  if (shape[0] > rows) parts.push(`${(shape[0] - rows).toLocaleString("en")} more rows`);
  if (shape[1] > columns) parts.push(`${shape[1] - columns} more columns`);
  return parts.join(", ");
}

/** The band between the least and the greatest of each stretch; a line where they are one. */
function plot(name: string, { low, high, length }: Preview & { kind: "plot" }): HTMLElement {
  const finite = [...low, ...high].filter((value): value is number => value !== null);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  const span = most - least || 1;
  const x = (at: number): string => ((at / Math.max(1, low.length - 1)) * PLOT.width).toFixed(1);
  const y = (value: number): string =>
    (PLOT.height - 2 - ((value - least) / span) * (PLOT.height - 4)).toFixed(1);
  const along = (values: (number | null)[]): string[] =>
    values.flatMap((value, at) => (value === null ? [] : [`${x(at)},${y(value)}`]));
  const band = [...along(high), ...along(low).reverse()];
  const drawn = svg("svg", {
    class: "znb-plot",
    viewBox: `0 0 ${PLOT.width} ${PLOT.height}`,
    role: "img",
    "aria-label": `${name}: ${length} values from ${least} to ${most}`,
  });
  if (band.length > 0) drawn.append(svg("path", { d: `M${band.join("L")}Z` }));
  const range = finite.length === 0 ? "no finite values" : `${short(least)} to ${short(most)}`;
  return el("div", {}, drawn, el("div", { class: "znb-more" }, `${length.toLocaleString("en")} values, ${range}`));
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function parameters({ rows, text }: Preview & { kind: "parameters" }): HTMLElement {
  const list = el("dl", { class: "znb-list znb-code" });
  for (const [name, value] of rows) list.append(el("dt", {}, name), el("dd", {}, value));
  const inside = el("details", {}, el("summary", {}, `${text}, ${rows.length} parameters`), list);
  return el("div", {}, inside);
}
