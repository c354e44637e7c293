// One moment as a card: its picture, to be scrubbed by hovering, and why it is here.

import * as api from "./api.js";
import { button, el, fill, icon, marked, relabel } from "./dom.js";
import * as pictures from "./pictures.js";
import { Player } from "./player.js";
import { clock, length, within } from "./time.js";
import { t } from "./words.js";

const FRAMES = 12;
const FRAME_PX = 320;
const STILL_PX = devicePixelRatio > 1.3 ? 640 : 320;
const MOST_CHARS = 160;

/** @type {Record<string, string>} */
export const SIGNS = { frame: "eye", asr: "speech", ocr: "letters", face: "eye", audio: "wave" };

/**
 * @typedef {{href: (moment: api.Moment) => string, open: (index: number) => void,
 *   take: (index: number) => void, more: (index: number) => void, not: (index: number) => void,
 *   isTaken: (moment: api.Moment) => boolean}} Acts
 */

/**
 * @param {api.Moment} moment
 * @param {number} index
 * @param {Acts} acts
 * @returns {HTMLElement}
 */
export function card(moment, index, acts) {
  const shot = picture(moment);
  const when = `${clock(moment.start, 1)} – ${clock(moment.end, 1)}`;
  const take = button({
    sign: "plus",
    label: t("take"),
    bare: true,
    class: "take",
    act: () => acts.take(index),
    props: { tabindex: -1 },
  });
  const made = el(
    "li",
    { class: "card", draggable: "true" },
    shot,
    el(
      "div",
      { class: "facts" },
      el(
        "a",
        {
          class: "open",
          href: acts.href(moment),
          draggable: "false",
          "data-index": index,
          tabindex: index ? -1 : 0,
          on: {
            click: (/** @type {MouseEvent} */ event) =>
              isPlain(event) && (event.preventDefault(), acts.open(index)),
          },
        },
        el("span", { class: "name" }, moment.video.name),
        el("span", { class: "unseen" }, `, ${when}`),
      ),
      scored(moment.score),
    ),
    reasons(moment),
    el(
      "div",
      { class: "does" },
      button({
        sign: "more",
        label: t("more_like"),
        bare: true,
        act: () => acts.more(index),
        props: { tabindex: -1 },
      }),
      button({
        sign: "not",
        label: t("not_this"),
        bare: true,
        act: () => acts.not(index),
        props: { tabindex: -1 },
      }),
      take,
    ),
  );
  made.addEventListener("dragstart", (event) => {
    event.dataTransfer?.setData("application/x-vidcut-moment", JSON.stringify([moment]));
    if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
  });
  shot.addEventListener("click", (event) => isPlain(event) && acts.open(index));
  markTaken(made, acts.isTaken(moment));
  return made;
}

/** @type {(event: MouseEvent) => boolean} A click that asks for no new tab. */
const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);

/**
 * @param {HTMLElement} made
 * @param {boolean} isTaken
 */
export function markTaken(made, isTaken) {
  made.classList.toggle("taken", isTaken);
  const take = made.querySelector(".take");
  if (take instanceof HTMLButtonElement) {
    relabel(take, isTaken ? { sign: "check", label: t("untake") } : { sign: "plus", label: t("take") });
    take.setAttribute("aria-pressed", String(isTaken));
  }
}

/** @param {number} score @returns {HTMLElement} */
export function scored(score) {
  const percent = Math.round(within(score, 0, 1) * 100);
  const bar = el("i", {});
  bar.style.width = `${percent}%`;
  return el(
    "span",
    { class: "score", title: t("score_title", { score: score.toFixed(2) }) },
    el("span", { class: "gauge", "aria-hidden": "true" }, bar),
    el("span", { class: "unseen" }, `${t("score")} `),
    String(percent),
  );
}

/** @param {api.Moment} moment @returns {HTMLElement} Why it is an answer: one line for each modality. */
export function reasons(moment) {
  const seen = new Set();
  const lines = [...moment.evidence].filter(({ modality }) => !seen.has(modality) && seen.add(modality));
  return el("ul", { class: "why", "aria-label": t("why") }, ...lines.slice(0, 3).map(reason));
}

/** @param {api.Evidence} one */
function reason(one) {
  const text = one.text ? around(one.text, one.marks ?? []) : labelled(one);
  return el(
    "li",
    { class: `mode-${one.modality}` },
    icon(SIGNS[one.modality] ?? "search"),
    el("span", { class: "unseen" }, `${t(`mode_${one.modality}`)}: `),
    el("span", { class: "said" }, text),
  );
}

/** @param {api.Evidence} one */
const labelled = (one) => (one.labels?.length ? one.labels.slice(0, 3).join(", ") : t("looks_like_it"));

/**
 * A text's part around its first mark, short enough for a card.
 * @param {string} text
 * @param {Array<[number, number]>} marks
 */
function around(text, marks) {
  const letters = [...text];
  const first = marks[0]?.[0] ?? 0;
  const from = first > 40 ? first - 24 : 0;
  const to = Math.min(letters.length, from + MOST_CHARS);
  /** @type {Array<[number, number]>} */
  const inside = marks.filter(([a, b]) => a >= from && b <= to).map(([a, b]) => [a - from, b - from]);
  const held = marked(letters.slice(from, to), inside);
  if (from) held.prepend("…");
  if (to < letters.length) held.append("…");
  return held;
}

/**
 * The still, and the strip that hovering scrubs.
 * @param {api.Moment} moment
 * @returns {HTMLElement}
 */
export function picture(moment) {
  const begins = el("span", { class: "begins", "aria-hidden": "true" }, clock(moment.start, 1));
  const lasts = el("span", { class: "long" }, length(moment.end - moment.start));
  if (moment.video.picture === false) {
    return el("div", { class: "shot deaf" }, icon("wave"), begins, lasts);
  }
  const still = pictures.picture(
    api.frame(moment.video.id, (moment.start + moment.end) / 2, STILL_PX),
    "still",
  );
  const shot = el("div", { class: "shot" }, still, begins, lasts);
  shot.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && scrub(shot, moment));
  return shot;
}

/**
 * @param {HTMLElement} shot
 * @param {api.Moment} moment
 */
function scrub(shot, moment) {
  const strip = /** @type {HTMLImageElement} */ (el("img", { alt: "", draggable: "false" }));
  const needle = el("i", { class: "needle" });
  const box = el("div", { class: "strip" }, strip);
  const leaving = new AbortController();
  let at = 0;
  const place = () => {
    needle.style.transform = `translateX(${at * shot.clientWidth}px)`;
    const shown = Math.min(FRAMES - 1, Math.floor(at * FRAMES));
    strip.style.transform = `translateX(${(-shown / FRAMES) * 100}%)`;
  };
  strip.addEventListener("load", () => {
    const ratio = strip.naturalWidth / FRAMES / strip.naturalHeight;
    box.style.aspectRatio = String(ratio);
    box.classList.toggle("tall", ratio < 16 / 9);
    strip.style.width = `${FRAMES * 100}%`;
    box.classList.add("ready");
    place();
  });
  shot.addEventListener(
    "pointermove",
    (event) => {
      const edges = shot.getBoundingClientRect();
      at = within((event.clientX - edges.left) / edges.width, 0, 0.9999);
      place();
    },
    { signal: leaving.signal },
  );
  shot.addEventListener(
    "pointerleave",
    () => {
      leaving.abort();
      strip.removeAttribute("src");
      box.remove();
      needle.remove();
    },
    { signal: leaving.signal },
  );
  shot.append(box, needle);
  strip.src = api.sprite(api.place(moment), FRAMES, FRAME_PX);
}

/** What plays inside a card now, if anything. @type {{player: Player, box: HTMLElement}|null} */
let playing = null;

/** End what plays inside a card. @returns {boolean} whether anything did */
export function stop() {
  if (!playing) return false;
  playing.player.close();
  playing.box.remove();
  playing = null;
  return true;
}

/**
 * Play a moment where its picture is, over and over; the one that played ends.
 * @param {HTMLElement} made a card
 * @param {api.Moment} moment
 */
export function play(made, moment) {
  const again = playing?.box.parentElement?.closest(".card") === made;
  stop();
  if (again) return;
  const screen = /** @type {HTMLVideoElement} */ (el("video", { class: "preview" }));
  const needle = el("i", { class: "needle" });
  const box = el("div", { class: "stage" }, screen, needle);
  const shot = /** @type {HTMLElement} */ (made.querySelector(".shot"));
  shot.append(box);
  const span_s = moment.end - moment.start;
  const player = new Player(screen, {
    onTime: (now) => {
      needle.style.transform = `translateX(${within((now - moment.start) / span_s, 0, 1) * shot.clientWidth}px)`;
    },
    onTrouble: () => fill(box, el("p", { class: "trouble" }, t("cannot_play"))),
  });
  playing = { player, box };
  player.load(moment.video, moment.start, moment.end);
  player.play();
}
