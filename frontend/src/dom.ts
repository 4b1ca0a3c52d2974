/** The only doors to the page: text is set as text, so that no name can become markup. */

type Attributes = Record<string, string | number | boolean | null>;
const SVG = "http://www.w3.org/2000/svg";

/** Make an element; children that are strings become text. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  setAll(made, attributes);
  made.append(...children);
  return made;
}

/** Make an element of a drawing. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(SVG, tag);
  setAll(made, attributes);
  made.append(...children);
  return made;
}

/** Set an attribute only where it differs, so that the page is not disturbed. */
export function set(on: Element, name: string, value: string | number | boolean | null): void {
  if (value === null || value === false) {
    if (on.hasAttribute(name)) on.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (on.getAttribute(name) !== text) on.setAttribute(name, text);
}

/** Set the text of an element only where it differs. */
export function say(on: Element, text: string): void {
  if (on.textContent !== text) on.textContent = text;
}

function setAll(on: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) set(on, name, value);
}
