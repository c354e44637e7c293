// How well a whole video answers the query, over its time; what is clicked is shown.

import { el, fill, svg } from "./dom.js";
import { clock, within } from "./time.js";
import { t } from "./words.js";

const WIDE = 1000;
const HIGH = 100;
const MOST_POINTS = 1000;

/**
 * @param {{duration: number, seek: (seconds: number) => void}} how
 */
export function curve({ duration, seek }) {
  const drawing = svg("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    focusable: "false",
  });
  const needle = el("i", { class: "needle" });
  const band = el("i", { class: "band" });
  const tip = el("span", { class: "tip", hidden: true });
  const ruler = el("div", { class: "ruler", "aria-hidden": "true" }, ...ticks(duration));
  const track = el("div", {
    class: "track",
    role: "slider",
    tabindex: 0,
    "aria-label": t("position"),
    "aria-valuemin": 0,
    "aria-valuemax": duration.toFixed(1),
  });
  track.append(drawing, band, needle, tip);
  const at = (/** @type {PointerEvent} */ event) => {
    const edges = track.getBoundingClientRect();
    return within((event.clientX - edges.left) / edges.width, 0, 1) * duration;
  };
  track.addEventListener("pointerdown", (event) => {
    track.setPointerCapture(event.pointerId);
    seek(at(event));
  });
  track.addEventListener("pointermove", (event) => {
    const seconds = at(event);
    tip.hidden = false;
    fill(tip, clock(seconds, 1));
    tip.style.left = `${(seconds / duration) * 100}%`;
    if (track.hasPointerCapture(event.pointerId)) seek(seconds);
  });
  track.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  let now = 0;
  track.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    seek(within(now + by * (event.shiftKey ? 10 : 1), 0, duration));
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    root: el("div", { class: "curve" }, track, ruler),
    /** @param {{step_s: number, scores: number[], by_modality?: Record<string, number[]>}} scores */
    show({ step_s, scores, by_modality = {} }) {
      const all = Object.entries(by_modality).map(([name, line]) =>
        svg("path", { class: `line mode-${name}`, d: path(line, step_s, duration, false) }),
      );
      drawing.replaceChildren(
        svg("path", { class: "area", d: path(scores, step_s, duration, true) }),
        ...all,
      );
    },
    /** @param {number} start @param {number} end */
    mark(start, end) {
      band.style.left = `${(start / duration) * 100}%`;
      band.style.width = `${((end - start) / duration) * 100}%`;
    },
    /** @param {number} seconds */
    tell(seconds) {
      now = seconds;
      needle.style.left = `${within(seconds / duration, 0, 1) * 100}%`;
      track.setAttribute("aria-valuenow", seconds.toFixed(1));
      track.setAttribute("aria-valuetext", clock(seconds, 1));
    },
  };
}

/**
 * Steps as an SVG path; of very many, the highest of each bucket.
 * @param {number[]} scores
 * @param {number} step_s
 * @param {number} duration
 * @param {boolean} isClosed
 */
function path(scores, step_s, duration, isClosed) {
  const each = Math.max(1, Math.ceil(scores.length / MOST_POINTS));
  let d = "";
  for (let from = 0; from < scores.length; from += each) {
    const best = Math.max(...scores.slice(from, from + each));
    const x = Math.min(WIDE, (((from + each / 2) * step_s) / duration) * WIDE);
    const y = HIGH - within(best, 0, 1) * (HIGH - 6) - 1;
    d += `${d ? "L" : `M0 ${y.toFixed(1)}L`}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (from + each >= scores.length) d += `L${WIDE} ${y.toFixed(1)}`;
  }
  return isClosed && d ? `${d}L${WIDE} ${HIGH}L0 ${HIGH}Z` : d;
}

/** @param {number} duration */
function ticks(duration) {
  const step =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((one) => duration / one <= 8) ?? 7200;
  const made = [];
  for (let at = 0; at < duration; at += step) {
    const tick = el("span", {}, clock(at));
    tick.style.left = `${(at / duration) * 100}%`;
    made.push(tick);
  }
  return made;
}
