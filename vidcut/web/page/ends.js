// A moment's two ends over a strip of its frames: dragged, or moved by keys, and snapping to where
// a shot, a sentence or a silence is.

import * as api from "./api.js";
import { button, el, fill } from "./dom.js";
import { clock, length, within } from "./time.js";
import { t } from "./words.js";

export const SHORTEST_S = 0.2;
const NEAR_PX = 9;
const STEP_S = 0.1;
const WIDE_PX = 110;
const FRAME_PX = 160;
const KINDS = /** @type {const} */ (["shots", "sentences", "silences"]);

/** @typedef {{at: number, kind: string}} Stop */

/**
 * The stop nearest to a time, if it is near enough.
 * @param {readonly Stop[]} stops
 * @param {number} seconds
 * @param {number} most_s
 * @returns {Stop|undefined}
 */
export function nearest(stops, seconds, most_s) {
  let best;
  let least_s = most_s;
  for (const stop of stops) {
    const far_s = Math.abs(stop.at - seconds);
    if (far_s <= least_s) {
      best = stop;
      least_s = far_s;
    }
  }
  return best;
}

/**
 * @param {{video: api.Video, start: number, end: number,
 *   changed: (start: number, end: number, which: "start"|"end") => void,
 *   scrub: (seconds: number) => void, done: () => void}} how
 */
export function ends({ video, start, end, changed, scrub, done }) {
  const original = { start, end };
  const now = { start, end };
  /** @type {Stop[]} */
  let stops = [];
  let from = 0;
  let to = 1;

  const film = el("div", { class: "film" });
  const lanes = el("div", { class: "lanes", "aria-hidden": "true" });
  const before = el("i", { class: "dim" });
  const after = el("i", { class: "dim" });
  const frame = el("i", { class: "frame" });
  const needle = el("i", { class: "needle" });
  const guide = el("i", { class: "guide", hidden: true });
  const handles = { start: handle("start"), end: handle("end") };
  const track = el(
    "div",
    { class: "track" },
    film,
    lanes,
    before,
    after,
    frame,
    guide,
    needle,
    handles.start,
    handles.end,
  );
  const facts = el("p", { class: "facts", "aria-live": "off" });
  const root = el(
    "div",
    { class: "ends" },
    track,
    el(
      "div",
      { class: "foot" },
      facts,
      el(
        "ul",
        { class: "legend", "aria-hidden": "true" },
        ...KINDS.map((kind) => el("li", { class: `snap-${kind}` }, t(`snap_${kind}`))),
      ),
      button({ sign: "plus", label: t("zoom_in"), bare: true, act: () => zoom(0.5) }),
      button({ sign: "minus", label: t("zoom_out"), bare: true, act: () => zoom(2) }),
      button({
        sign: "again",
        label: t("original_ends"),
        bare: true,
        act: () => set("start", original.start, original.end),
      }),
    ),
  );

  /** @param {"start"|"end"} which */
  function handle(which) {
    const made = el("button", {
      type: "button",
      class: `handle ${which}`,
      role: "slider",
      "aria-label": t(`end_${which}`),
      "aria-orientation": "horizontal",
    });
    made.addEventListener("pointerdown", (event) => drag(which, made, event));
    made.addEventListener("keydown", (event) => key(which, event));
    return made;
  }

  /** @param {number} seconds */
  const part = (seconds) => ((seconds - from) / (to - from)) * 100;

  /** @param {number} by how much longer the stretch in sight becomes */
  function zoom(by) {
    const middle = (now.start + now.end) / 2;
    const half = within(((to - from) / 2) * by, (now.end - now.start) * 0.55 + 0.2, video.duration);
    look(middle - half, middle + half);
  }

  /** @param {number} first @param {number} last Show this stretch of the video. */
  function look(first, last) {
    from = Math.max(0, first);
    to = Math.min(video.duration, last);
    fill(film);
    if (video.picture !== false) {
      const frames = within(Math.round((track.clientWidth || 800) / WIDE_PX), 3, 16);
      const strip = el("img", { alt: "", draggable: "false", decoding: "async" });
      strip.addEventListener("error", () => strip.remove());
      strip.setAttribute("src", api.sprite({ video: video.id, start: from, end: to }, frames, FRAME_PX));
      film.append(strip);
    }
    drawStops();
    draw();
  }

  function lookAround() {
    const span = now.end - now.start;
    const pad = within(span * 0.6, 3, 20);
    look(now.start - pad, now.end + pad);
  }

  function drawStops() {
    fill(
      lanes,
      ...stops
        .filter(({ at }) => at > from && at < to)
        .map(({ at, kind }) => {
          const tick = el("i", { class: `stop snap-${kind}` });
          tick.style.left = `${part(at)}%`;
          return tick;
        }),
    );
  }

  function draw() {
    before.style.width = `${within(part(now.start), 0, 100)}%`;
    after.style.left = `${within(part(now.end), 0, 100)}%`;
    frame.style.left = `${part(now.start)}%`;
    frame.style.width = `${part(now.end) - part(now.start)}%`;
    for (const which of /** @type {const} */ (["start", "end"])) {
      const made = handles[which];
      const stop = nearest(stops, now[which], 0.011);
      const words = clock(now[which], 2) + (stop ? `, ${t(`snap_${stop.kind}`)}` : "");
      made.style.left = `${part(now[which])}%`;
      made.setAttribute("aria-valuemin", which === "start" ? "0" : (now.start + SHORTEST_S).toFixed(2));
      made.setAttribute(
        "aria-valuemax",
        which === "end" ? video.duration.toFixed(2) : (now.end - SHORTEST_S).toFixed(2),
      );
      made.setAttribute("aria-valuenow", now[which].toFixed(2));
      made.setAttribute("aria-valuetext", words);
      made.dataset.snap = stop?.kind ?? "";
    }
    const said = (/** @type {"start"|"end"} */ which) => {
      const kind = handles[which].dataset.snap;
      return el(
        "span",
        { class: kind ? `snapped snap-${kind}` : "" },
        el("b", {}, clock(now[which], 2)),
        kind ? ` ${t(`snap_${kind}`)}` : "",
      );
    };
    fill(
      facts,
      said("start"),
      " – ",
      said("end"),
      el("span", { class: "lasts" }, length(now.end - now.start)),
    );
  }

  /** @param {"start"|"end"} which @param {number} start @param {number} end */
  function set(which, start, end) {
    now.start = within(start, 0, end - SHORTEST_S);
    now.end = within(end, now.start + SHORTEST_S, video.duration);
    draw();
    changed(now.start, now.end, which);
  }

  /** @param {"start"|"end"} which @param {number} seconds */
  function moveTo(which, seconds) {
    if (which === "start") set(which, within(seconds, 0, now.end - SHORTEST_S), now.end);
    else set(which, now.start, within(seconds, now.start + SHORTEST_S, video.duration));
  }

  /** @param {"start"|"end"} which @param {HTMLElement} made @param {PointerEvent} down */
  function drag(which, made, down) {
    if (down.button !== 0) return;
    down.preventDefault();
    made.focus({ preventScroll: true });
    made.setPointerCapture(down.pointerId);
    made.classList.add("grasped");
    const edges = track.getBoundingClientRect();
    const per_px = (to - from) / edges.width;
    const off_px = down.clientX - (edges.left + (part(now[which]) / 100) * edges.width);
    const ending = new AbortController();
    made.addEventListener(
      "pointermove",
      (event) => {
        const free = from + (event.clientX - off_px - edges.left) * per_px;
        const stop = event.altKey ? undefined : nearest(stops, free, NEAR_PX * per_px);
        guide.hidden = !stop;
        if (stop) {
          guide.style.left = `${part(stop.at)}%`;
          guide.className = `guide snap-${stop.kind}`;
        }
        moveTo(which, within(stop?.at ?? free, from, to));
        scrub(now[which]);
      },
      { signal: ending.signal },
    );
    const end = () => {
      ending.abort();
      guide.hidden = true;
      made.classList.remove("grasped");
      if (now.start - from < (to - from) * 0.03 || to - now.end < (to - from) * 0.03) lookAround();
      done();
    };
    made.addEventListener("pointerup", end, { signal: ending.signal });
    made.addEventListener("pointercancel", end, { signal: ending.signal });
  }

  /** @param {"start"|"end"} which @param {KeyboardEvent} event */
  function key(which, event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key] ?? 0;
    const jump = { PageUp: 1, PageDown: -1 }[event.key] ?? (event.ctrlKey || event.altKey ? by : 0);
    if (jump) {
      const sorted = stops.filter(({ at }) => (jump > 0 ? at > now[which] + 0.01 : at < now[which] - 0.01));
      const next = jump > 0 ? sorted[0] : sorted.at(-1);
      if (next) moveTo(which, next.at);
    } else if (by) moveTo(which, Math.round((now[which] + by * (event.shiftKey ? 1 : STEP_S)) * 1000) / 1000);
    else if (event.key === "Home") moveTo(which, original[which]);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (now.start < from || now.end > to) lookAround();
    scrub(now[which]);
  }

  lookAround();
  return {
    root,
    moveTo,
    /** @param {Record<string, number[]>} points */
    snapTo(points) {
      stops = KINDS.flatMap((kind) => (points[kind] ?? []).map((at) => ({ at, kind }))).sort(
        (a, b) => a.at - b.at,
      );
      drawStops();
      draw();
    },
    /** @param {number} seconds */
    tell(seconds) {
      const at = part(seconds);
      needle.hidden = at < 0 || at > 100;
      needle.style.left = `${at}%`;
    },
  };
}
