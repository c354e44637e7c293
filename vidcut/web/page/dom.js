// Elements from data. Text becomes text nodes and nothing else: no string is ever markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with its attributes, listeners and children.
 * @param {string} tag
 * @param {Record<string, any>} [props] `on` holds listeners, `class` the classes; null, undefined
 *   and false leave an attribute out, true sets it empty. Other functions are refused.
 * @param {...(Node|string|number|null|undefined|false)} children strings become text nodes
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [kind, heard] of Object.entries(value)) made.addEventListener(kind, heard);
    } else {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  put(made, children);
  return made;
}

/**
 * Append children as `el` does.
 * @param {Node} parent
 * @param {Array<any>} children
 */
function put(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replace all that an element holds.
 * @param {Element} parent
 * @param {...any} children
 */
export function fill(parent, ...children) {
  const held = document.createDocumentFragment();
  put(held, children);
  parent.replaceChildren(held);
}

/**
 * One of the drawn signs in index.html.
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const made = svg("svg", { class: "icon", "aria-hidden": "true", focusable: "false" });
  made.appendChild(svg("use", { href: `#i-${name}` }));
  return made;
}

/**
 * An SVG element.
 * @param {string} tag
 * @param {Record<string, string|number>} [attributes]
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/**
 * A button with a sign, a label or both; without words to show, the label is spoken and a tooltip.
 * @param {{sign?: string, label: string, bare?: boolean, class?: string, key?: string,
 *   act: (event: Event) => void, props?: Record<string, any>}} wish
 * @returns {HTMLButtonElement}
 */
export function button({ sign, label, bare = false, class: kind = "", key, act, props = {} }) {
  const tip = key ? `${label} (${key})` : label;
  const made = el(
    "button",
    {
      type: "button",
      class: `${bare ? "bare" : "button"} ${kind}`.trim(),
      "aria-label": bare ? label : null,
      title: bare || key ? tip : null,
      on: { click: act },
      ...props,
    },
    sign && icon(sign),
    !bare && el("span", {}, label),
  );
  return /** @type {HTMLButtonElement} */ (made);
}

/**
 * Change a button's sign and words.
 * @param {HTMLButtonElement} which
 * @param {{sign: string, label: string}} to
 */
export function relabel(which, { sign, label }) {
  which.querySelector("use")?.setAttribute("href", `#i-${sign}`);
  if (which.classList.contains("bare")) {
    which.setAttribute("aria-label", label);
    which.title = label;
  } else {
    fill(/** @type {Element} */ (which.querySelector("span")), label);
  }
}

/**
 * A text with the stretches that match marked.
 * @param {string[]} letters the text's code points, as the server counts them
 * @param {Array<[number, number]>} marks ranges of them, in order
 * @returns {DocumentFragment}
 */
export function marked(letters, marks) {
  const held = document.createDocumentFragment();
  const text = (/** @type {number} */ from, /** @type {number} */ to) => letters.slice(from, to).join("");
  let at = 0;
  for (const [from, to] of marks) {
    if (from < at || to <= from || to > letters.length) continue;
    held.append(text(at, from), el("mark", {}, text(from, to)));
    at = to;
  }
  held.append(text(at, letters.length));
  return held;
}

/** @type {(text: string, where?: "polite"|"loud") => void} Say it to a screen reader. */
export function announce(text, where = "polite") {
  const region = document.getElementById(where);
  if (region) region.textContent = text;
}
