// Light, dark, or as the system has it.

/** @typedef {"auto"|"light"|"dark"} Theme */

const KEY = "vidcut.theme";
/** @type {Theme[]} */
const ALL = ["auto", "light", "dark"];

/** @returns {Theme} */
export function theme() {
  const now = document.documentElement.dataset.theme;
  return now === "light" || now === "dark" ? now : "auto";
}

/** @type {() => Theme} The one that follows. */
export const next = () => ALL[(ALL.indexOf(theme()) + 1) % ALL.length];

/** @param {Theme} to */
export function become(to) {
  if (to === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = to;
  try {
    localStorage.setItem(KEY, to);
  } catch {
    // A browser that keeps nothing: it holds as long as the page.
  }
}
