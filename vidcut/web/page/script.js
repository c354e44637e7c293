// The second room: a script, and for each of its lines what could be shown.

import * as api from "./api.js";
import { picture, reasons, scored } from "./card.js";
import { announce, button, el, fill, icon } from "./dom.js";
import { begin, jobList } from "./jobs.js";
import { hashOf } from "./search.js";
import { clock, length } from "./time.js";
import { refused, toast } from "./toast.js";
import * as tray from "./tray.js";
import { t } from "./words.js";

/** @typedef {{n: number, text: string, length: number, chosen: api.Moment|null, candidates: api.Moment[]}} Slot */

/** @type {(slot: Slot) => Slot} What is shown is one of what may be. */
const withChosen = (slot) => {
  const { chosen, candidates } = slot;
  const isListed = !chosen || candidates.some((one) => api.identity(one) === api.identity(chosen));
  return isListed ? slot : { ...slot, candidates: [chosen, ...candidates] };
};

/** @type {(slot: Slot) => number} How long it is in the film: whole sentences are not cut short. */
const lasting = ({ chosen, length: read_s }) => (chosen ? chosen.end - chosen.start : read_s);

const KEY = "vidcut.script";

export function scriptRoom() {
  /** @type {Slot[]} */
  let slots = [];
  /** What each slot is to keep. @type {Map<number, api.Moment>} */
  const locks = new Map();
  let planning = new AbortController();

  const text = /** @type {HTMLTextAreaElement} */ (
    el("textarea", {
      id: "story",
      rows: 12,
      spellcheck: "false",
      placeholder: t("script_placeholder"),
      "aria-describedby": "story-help",
    })
  );
  try {
    text.value = sessionStorage.getItem(KEY) ?? "";
  } catch {
    // A browser that keeps nothing.
  }
  text.addEventListener("input", () => {
    try {
      sessionStorage.setItem(KEY, text.value);
    } catch {
      // As above.
    }
    plan.disabled = !text.value.trim();
  });
  const plan = button({ sign: "script", label: t("plan"), class: "strong", act: () => run() });
  plan.disabled = !text.value.trim();
  const board = el("ol", { class: "board", "aria-label": t("storyboard") });
  const summary = el("div", { class: "summary" });
  const root = el(
    "section",
    { class: "room script", "aria-label": t("script") },
    el(
      "div",
      { class: "writing" },
      el("h1", {}, t("script")),
      el("label", { for: "story", class: "unseen" }, t("script_text")),
      text,
      el("p", { class: "soft", id: "story-help" }, t("script_help")),
      el("div", { class: "acts" }, plan),
      jobList((job) => job.kind === "script"),
    ),
    el("div", { class: "plan" }, summary, board),
  );
  fill(board, el("li", { class: "none" }, icon("reel"), el("p", {}, t("script_none"))));

  async function run() {
    planning.abort();
    planning = new AbortController();
    root.classList.add("busy");
    plan.disabled = true;
    const kept = Object.fromEntries([...locks].map(([n, moment]) => [String(n), api.place(moment)]));
    try {
      const answer = await api.plan({ text: text.value, locks: kept }, planning.signal);
      slots = answer.slots.map(withChosen);
      for (const n of locks.keys()) if (!slots.some((slot) => slot.n === n)) locks.delete(n);
      draw();
      announce(t("slots_filled", filled()));
    } catch (error) {
      refused(error);
    }
    plan.disabled = false;
    root.classList.remove("busy");
  }

  const filled = () => ({ n: slots.filter((slot) => slot.chosen).length, of: slots.length });

  function draw() {
    const lasts = slots.reduce((sum, slot) => sum + lasting(slot), 0);
    const gaps = slots.length - filled().n;
    fill(
      summary,
      el("h2", {}, t("storyboard")),
      el("span", { class: "soft" }, `${t("slots_filled", filled())} · ${length(lasts)}`),
      gaps > 0 && el("span", { class: "warn" }, icon("warn"), t("n_gaps", { n: gaps })),
      el("span", { class: "spring" }),
      button({ sign: "plus", label: t("all_to_tray"), act: allToTray }),
      button({ sign: "reel", label: t("render"), class: "strong", act: render }),
    );
    fill(board, ...slots.map(row));
  }

  function allToTray() {
    for (const { chosen } of slots) if (chosen) tray.add(chosen);
    toast(t("taken"), { sign: "plus" });
  }

  async function render() {
    const wish = slots.map(({ n, text: words, length: lasts, chosen }) => ({
      n,
      text: words,
      length: lasts,
      moment: chosen && api.place(chosen),
    }));
    const job = await begin({ kind: "script", slots: wish });
    if (job) toast(t("job_begun", { what: t("job_script") }), { sign: "reel" });
  }

  /** @param {Slot} slot */
  function row(slot) {
    const isLocked = locks.has(slot.n);
    const lock = button({
      sign: isLocked ? "lock" : "unlock",
      label: t(isLocked ? "unlock" : "lock"),
      bare: true,
      class: "lock",
      props: { "aria-pressed": String(isLocked), disabled: !slot.chosen },
      act: () => {
        if (locks.has(slot.n)) locks.delete(slot.n);
        else if (slot.chosen) locks.set(slot.n, slot.chosen);
        redraw(slot, ".lock");
      },
    });
    const { chosen } = slot;
    return el(
      "li",
      { class: `slot ${isLocked ? "locked" : ""} ${chosen ? "" : "gap"}`, "data-n": slot.n },
      el("div", { class: "big" }, chosen ? picture(chosen) : el("div", { class: "shot empty" }, t("gap"))),
      el(
        "div",
        { class: "words" },
        el("div", { class: "nth" }, el("b", {}, slot.n), ` · ${length(lasting(slot))}`, lock),
        el("p", { class: "text" }, slot.text),
        chosen &&
          el(
            "p",
            { class: "from" },
            el("a", { href: hashOf(chosen, slot.text) }, chosen.video.name),
            ` ${clock(chosen.start, 1)} – ${clock(chosen.end, 1)} `,
            scored(chosen.score),
          ),
        chosen && reasons(chosen),
      ),
      slot.candidates.length > 0 && candidates(slot),
    );
  }

  /** @param {Slot} slot */
  function candidates(slot) {
    const chosen = slot.chosen && api.identity(slot.chosen);
    return el(
      "ul",
      { class: "others", "aria-label": t("candidates") },
      ...slot.candidates.map((moment, index) => {
        const isChosen = api.identity(moment) === chosen;
        return el(
          "li",
          { class: isChosen ? "chosen" : "" },
          el(
            "button",
            {
              type: "button",
              class: `other other-${index}`,
              "aria-pressed": String(isChosen),
              "aria-label": `${moment.video.name}, ${clock(moment.start, 1)} – ${clock(moment.end, 1)}`,
              on: { click: () => swap(slot, moment, index) },
            },
            picture(moment),
          ),
        );
      }),
    );
  }

  /** @param {Slot} slot @param {api.Moment} moment @param {number} index */
  function swap(slot, moment, index) {
    slot.chosen = moment;
    locks.set(slot.n, moment); // what was chosen by hand is to stay
    redraw(slot, `.other-${index}`);
    announce(t("swapped", { n: slot.n }));
  }

  /** @param {Slot} slot @param {string} focus what is to have the focus again */
  function redraw(slot, focus) {
    const made = row(slot);
    board.querySelector(`[data-n="${slot.n}"]`)?.replaceWith(made);
    const again = made.querySelector(focus);
    if (again instanceof HTMLElement) again.focus();
  }

  return { root };
}
