// The moments that were collected, in their order; kept as long as the tab is.

import { identity } from "./api.js";

/** @typedef {import("./api.js").Moment} Moment */

const KEY = "vidcut.tray";

/** @type {(one: any) => boolean} */
const isMoment = (one) =>
  ["string", "number"].includes(typeof one?.video?.id) &&
  typeof one.video.name === "string" &&
  Number.isFinite(one.start) &&
  one.end > one.start &&
  Array.isArray(one.evidence);

/** @type {Moment[]} */
let held = restored();
/** @type {Array<() => void>} */
const listeners = [];

/** @returns {Moment[]} */
function restored() {
  let kept;
  try {
    kept = sessionStorage.getItem(KEY);
  } catch {
    return []; // a browser that keeps nothing
  }
  return read(kept ?? "[]");
}

/**
 * Moments from a text that another page may have written.
 * @param {string} text
 * @returns {Moment[]}
 */
export function read(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return []; // not JSON: not ours
  }
  return Array.isArray(found) ? found.filter(isMoment) : [];
}

/** @param {Moment[]} to */
function become(to) {
  held = to;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(held));
  } catch {
    // A full or forbidden storage: the tray lasts as long as the page.
  }
  for (const heard of listeners) heard();
}

/** @type {(listener: () => void) => void} */
export const heard = (listener) => void listeners.push(listener);

/** @type {() => readonly Moment[]} */
export const all = () => held;

/** @type {() => number} */
export const length_s = () => held.reduce((sum, one) => sum + one.end - one.start, 0);

/** @type {(moment: Moment) => boolean} */
export const has = (moment) => held.some((one) => identity(one) === identity(moment));

/**
 * @param {Moment} moment
 * @param {number} [at] before which; at the end where none is given
 */
export function add(moment, at = held.length) {
  if (!has(moment)) become(held.toSpliced(at, 0, moment));
}

/** @type {(moment: Moment) => void} */
export const remove = (moment) => become(held.filter((one) => identity(one) !== identity(moment)));

/** @type {(moment: Moment) => void} */
export const toggle = (moment) => (has(moment) ? remove(moment) : add(moment));

/** @type {(old: Moment, now: Moment) => void} Give one other ends. */
export const replace = (old, now) => become(held.map((one) => (identity(one) === identity(old) ? now : one)));

/** @type {(from: number, to: number) => void} */
export function move(from, to) {
  if (from < 0 || to < 0 || from >= held.length || to >= held.length) return;
  const without = held.toSpliced(from, 1);
  become(without.toSpliced(to, 0, held[from]));
}

/** @type {(to?: readonly Moment[]) => void} Empty it, or put back what it held. */
export const reset = (to = []) => become([...to]);
