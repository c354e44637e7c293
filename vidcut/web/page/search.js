// The first room: search as you type, and the moments found.

import * as api from "./api.js";
import { card, markTaken, play, stop } from "./card.js";
import { announce, button, el, fill, icon } from "./dom.js";
import { filters } from "./filters.js";
import { Grid } from "./grid.js";
import { bind } from "./keys.js";
import { forget, wait } from "./pictures.js";
import { Rhythm } from "./rhythm.js";
import { refused } from "./toast.js";
import * as tray from "./tray.js";
import { fromParameters, isAsking, nothing, toParameters } from "./wanted.js";
import { welcome } from "./welcome.js";
import { t } from "./words.js";

const SAY_MS = 700;
const COUNTS = [60, 240, 1000]; // asked for as one goes down
const FEWEST = 24;
const REST_MS = 600; // no key for so long: the first of them are asked for, beyond those seen
const TEXT_PX = 92;

/**
 * @param {{field: HTMLInputElement, go: (hash: string) => void, open: (list: api.Moment[], index: number) => void}} how
 */
export function searchRoom({ field, go, open }) {
  const wanted = nothing();
  /** @type {api.Moment[]} */
  let moments = [];
  let step = -1; // which of COUNTS is shown; before them, what fills the window
  let pausing = 0;
  let resting = 0;
  let saying = 0;
  let asking = new AbortController();
  let isMore = false;
  let typed_ms = 0;
  const rhythm = new Rhythm();
  let current = 0;
  let shown = "";
  /** Whether what is shown is not yet what is wanted, and whether Enter was pressed meanwhile. */
  let isBehind = false;
  let isEntering = false;

  const acts = {
    href: (/** @type {api.Moment} */ one) => hashOf(one, wanted.q),
    open: (/** @type {number} */ index) => {
      stop();
      current = index;
      open(moments, index);
    },
    take: (/** @type {number} */ index) => tray.toggle(moments[index]),
    more: (/** @type {number} */ index) => moreLike(moments[index]),
    not: (/** @type {number} */ index) => notThis(index),
    isTaken: tray.has,
  };
  const grid = new Grid({
    make: (/** @type {api.Moment} */ moment, index) => card(moment, index, acts),
    drop(made) {
      if (made.querySelector(".stage")) stop();
      forget(made);
    },
    near: () => further(),
    textHeight_px: TEXT_PX,
  });
  const row = filters(wanted, () => changed(0));
  const message = el("div", { class: "message" });
  const hello = welcome({
    ask: (words) => {
      field.value = words;
      wanted.q = words;
      changed(0);
      field.focus();
    },
  });
  const heading = el("h1", { class: "unseen", hidden: true }, t("moments"));
  const root = el(
    "section",
    { class: "room find", "aria-label": t("find") },
    heading,
    row.root,
    message,
    grid.root,
    hello.root,
  );
  grid.root.setAttribute("aria-label", t("moments"));
  grid.root.addEventListener("focusin", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest(".card")?.querySelector(".open");
    if (link instanceof HTMLElement) focused(link);
  });

  /** @param {HTMLElement} link Of all cards one is reached by Tab: the last that was looked at. */
  function focused(link) {
    grid.root.querySelectorAll('[tabindex="0"]').forEach((one) => one.setAttribute("tabindex", "-1"));
    link
      .closest(".card")
      ?.querySelectorAll("a, button")
      .forEach((one) => one.setAttribute("tabindex", "0"));
    current = Number(link.dataset.index);
  }

  field.addEventListener("input", (event) => {
    if (/** @type {InputEvent} */ (event).isComposing) return; // pinyin is no query yet
    typed();
  });
  field.addEventListener("compositionend", typed);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "/" && !field.value) event.preventDefault(); // it was to come here
    if (event.key === "Enter" || event.key === "ArrowDown") {
      isEntering = isBehind;
      if (isBehind || move(0)) event.preventDefault();
    }
  });

  function typed() {
    wanted.q = field.value;
    typed_ms = performance.now();
    rhythm.key(typed_ms);
    isEntering = false;
    wait();
    changed(rhythm.pause_ms);
  }

  /** @param {number} wait_ms */
  function changed(wait_ms) {
    clearTimeout(pausing);
    isBehind = true;
    pausing = setTimeout(() => {
      go(address());
      run(-1);
    }, wait_ms);
  }

  const address = () => {
    const parameters = toParameters(wanted).toString();
    return parameters ? `#/find?${parameters}` : "#/find";
  };

  /** @param {number} to which of COUNTS; -1 for what fills the window: while one types, that counts */
  async function run(to) {
    clearTimeout(resting);
    asking.abort();
    if (to < 0) stop();
    shown = toParameters(wanted).toString();
    if (!isAsking(wanted)) return empty();
    asking = new AbortController();
    step = to;
    root.classList.add("busy");
    try {
      const count = to < 0 ? filling() : COUNTS[to];
      const answer = await api.search({ ...wanted, count }, asking.signal);
      isMore = answer.moments.length >= count && to + 1 < COUNTS.length;
      show(answer, to >= 0);
      if (to < 0 && isMore) resting = setTimeout(further, REST_MS);
    } catch (error) {
      if (error instanceof DOMException) return undefined; // superseded
      fail(error);
    }
    if (isCurrent()) isBehind = false;
    root.classList.remove("busy");
    return undefined;
  }

  /** How many moments fill the window. */
  const filling = () => Math.min(Math.max(grid.most_seen || COUNTS[0], FEWEST), COUNTS[0]);

  /** Whether what is shown is what is asked for now: typing goes on while an answer is on its way. */
  const isCurrent = () => shown === toParameters(wanted).toString();

  function empty() {
    moments = [];
    isBehind = false;
    isMore = false;
    grid.show([]);
    fill(message);
    fill(row.said);
    root.classList.remove("busy", "asked");
    heading.hidden = true;
    hello.show();
  }

  /** @param {{moments: api.Moment[], note: string|null, note_code?: string|null, took_ms: number}} answer @param {boolean} isLonger */
  function show(answer, isLonger) {
    const left = new Set(wanted.unlikes.map((one) => `${one.video}@${one.start}-${one.end}`));
    moments = answer.moments.filter((one) => !left.has(api.identity(one)));
    root.classList.add("asked");
    heading.hidden = false;
    hello.hide();
    if (isLonger) grid.extend(moments);
    else {
      current = 0;
      if (scrollY) scrollTo({ top: 0 });
      grid.show(moments);
    }
    rhythm.searched(answer.took_ms);
    if (isCurrent()) {
      isBehind = false;
      if (isEntering) move(0);
      isEntering = false;
    }
    const many = t(isMore ? "n_moments_more" : "n_moments", { n: moments.length });
    fill(row.said, many);
    fill(message, noted(answer), !moments.length && nobody());
    if (typed_ms) {
      performance.clearMeasures("vidcut.results");
      performance.measure("vidcut.results", { start: typed_ms, detail: answer.took_ms });
      typed_ms = 0;
    }
    clearTimeout(saying);
    saying = setTimeout(() => announce(moments.length ? many : t("nothing_found")), SAY_MS);
  }

  /** @param {{note: string|null, note_code?: string|null}} answer */
  function noted({ note, note_code: code }) {
    if (!note || code === "nothing") return null;
    return el("p", { class: "note" }, code === "offline_model" ? t("offline_note") : note);
  }

  function further() {
    if (isMore && !isBehind && !root.classList.contains("busy")) run(step + 1);
  }

  function nobody() {
    return el(
      "div",
      { class: "nobody" },
      icon("search"),
      el("h2", {}, t("nothing_found")),
      el("p", {}, t("nothing_found_hint")),
      button({ label: t("start_over"), act: () => reset() }),
    );
  }

  /** @param {unknown} error */
  function fail(error) {
    grid.show([]);
    hello.hide();
    fill(row.said);
    if (error instanceof api.Refusal && error.status === 400) {
      fill(message, el("p", { class: "note warn", role: "alert" }, icon("warn"), error.message));
    } else {
      fill(message);
      refused(error);
    }
  }

  function reset() {
    field.value = "";
    row.become(nothing());
    changed(0);
    field.focus();
  }

  /** @param {api.Moment} moment */
  const example = (moment) => ({
    ...api.place(moment),
    video: String(moment.video.id),
    name: moment.video.name,
  });

  /** @param {api.Moment} moment */
  function moreLike(moment) {
    wanted.likes = [...wanted.likes, example(moment)];
    row.draw();
    changed(0);
    announce(t("more_like"));
  }

  /** @param {number} index */
  function notThis(index) {
    wanted.unlikes = [...wanted.unlikes, example(moments[index])];
    row.draw();
    changed(0);
    announce(t("left_out"));
  }

  /**
   * Go to another card.
   * @param {number} by
   * @returns {boolean} whether there is one
   */
  function move(by) {
    const to = Math.min(Math.max(current + by, 0), moments.length - 1);
    const link = grid.reach(to)?.querySelector(".open");
    if (!(link instanceof HTMLElement)) return false;
    if (by) stop();
    current = to;
    link.focus({ preventScroll: true, focusVisible: true });
    return true;
  }

  const isInGrid = () => grid.root.contains(document.activeElement);
  const first = (/** @type {number} */ by) => move(isInGrid() ? by : 0);
  const cardNow = () => grid.cards.get(current);
  bind("find", t("find"), () => root.isConnected && moments.length > 0, [
    {
      keys: ["j", "ArrowRight"],
      says: t("key_next"),
      does: (event) => (event.key === "j" || isInGrid() ? first(1) : false),
    },
    {
      keys: ["k", "ArrowLeft"],
      says: t("key_previous"),
      does: (event) => (event.key === "k" || isInGrid() ? first(-1) : false),
    },
    {
      keys: ["ArrowDown", "ArrowUp"],
      says: t("key_row"),
      does: (event) => isInGrid() && move(event.key === "ArrowDown" ? grid.columns : -grid.columns),
    },
    {
      keys: [" "],
      says: t("key_play"),
      does: (event) => {
        const made = cardNow();
        if (!made || /** @type {HTMLElement} */ (event.target).closest("button, select, summary"))
          return false;
        if (!isInGrid()) move(0);
        return play(made, moments[current]);
      },
    },
    {
      keys: ["Enter", "o"],
      says: t("key_open"),
      does: (event) => (event.key === "Enter" && event.target !== document.body ? false : acts.open(current)),
    },
    { keys: ["x"], says: t("key_take"), does: () => acts.take(current) },
    { keys: ["m"], says: t("more_like"), does: () => acts.more(current) },
    { keys: ["n"], says: t("not_this"), does: () => acts.not(current) },
  ]);
  tray.heard(() =>
    grid.cards.forEach((made, index) => moments[index] && markTaken(made, tray.has(moments[index]))),
  );

  return {
    root,
    moreLike,
    /** @param {api.Moment} moment */
    leaveOut(moment) {
      const index = moments.findIndex((one) => api.identity(one) === api.identity(moment));
      if (index >= 0) notThis(index);
    },
    /** @param {URLSearchParams} given what the address says */
    enter(given) {
      const to = fromParameters(given);
      if (toParameters(to).toString() !== shown || (!moments.length && !isAsking(to))) {
        row.become(to);
        if (field.value !== to.q) field.value = to.q;
        run(-1);
      } else {
        grid.measure();
      }
    },
    /** @param {number} index the card that was looked at */
    back(index) {
      current = index;
      move(0);
    },
    stop,
    query: () => wanted.q,
  };
}

/** @type {(one: api.Moment, q: string) => string} The address of a moment's room. */
export function hashOf(one, q) {
  const { video, start, end } = api.place(one);
  const asked = new URLSearchParams({ start: String(start), end: String(end) });
  if (q) asked.set("q", q);
  return `#/moment/${encodeURIComponent(String(video))}?${asked}`;
}
