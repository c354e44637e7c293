// One place that hears the keys. Rooms say what theirs do; the help is made from the same list.

/**
 * @typedef {{keys: string[], says: string, does: (event: KeyboardEvent) => boolean|void}} Binding
 * A binding that returns false leaves the key to the browser.
 */

/** @type {Map<string, {title: string, bindings: Binding[], holds: () => boolean}>} */
const rooms = new Map();

/**
 * @param {string} name
 * @param {string} title
 * @param {() => boolean} holds whether the keys mean this now
 * @param {Binding[]} bindings
 */
export function bind(name, title, holds, bindings) {
  rooms.set(name, { title, holds, bindings });
}

/** What there is to press, for the help. */
export const all = () => [...rooms.values()];

/** @type {(target: EventTarget|null) => boolean} Whether letters belong to what has the focus. */
function isWriting(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  return (
    target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type)
  );
}

/** @param {KeyboardEvent} event */
function heard(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key !== "Escape" && isWriting(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  for (const { bindings, holds } of rooms.values()) {
    if (!holds()) continue;
    const found = bindings.find((one) => one.keys.includes(event.key));
    if (found && found.does(event) !== false) {
      event.preventDefault();
      return;
    }
  }
}

/** Begin to listen. */
export const listen = () => addEventListener("keydown", heard);
