// What is said and what is written, line by line, going along with the player.

import { el, fill, icon, marked } from "./dom.js";
import { SIGNS } from "./card.js";
import { clock } from "./time.js";
import { t } from "./words.js";

/** @typedef {{start: number, end: number, text: string, modality: string}} Line */

/**
 * @param {{asr: Array<any>, ocr: Array<any>, evidence: import("./api.js").Evidence[], seek: (seconds: number) => void}} how
 */
export function lines({ asr, ocr, evidence, seek }) {
  /** @type {Line[]} */
  const all = [
    ...asr.map((one) => ({ ...one, modality: "asr" })),
    ...ocr.map((one) => ({ ...one, modality: "ocr" })),
  ].sort((a, b) => a.start - b.start);
  const list = el("ol", { class: "list", tabindex: 0, "aria-label": t("transcript") });
  const tabs = el("div", { class: "modes", role: "group", "aria-label": t("transcript") });
  /** @type {HTMLElement[]} */
  const rows = all.map((line) => row(line, evidence, seek));
  /** @type {Set<number>} */
  let current = new Set();
  let isTouched = false;
  list.addEventListener("pointerenter", () => (isTouched = true));
  list.addEventListener("pointerleave", () => (isTouched = false));

  for (const one of ["asr", "ocr"]) {
    const many = all.filter(({ modality }) => modality === one).length;
    const tab = el(
      "button",
      { type: "button", class: `chip mode-${one}`, "aria-pressed": "true", disabled: !many },
      icon(SIGNS[one]),
      el("span", {}, t(`mode_${one}`)),
      el("span", { class: "badge" }, many),
    );
    tab.addEventListener("click", () => {
      const isOn = tab.getAttribute("aria-pressed") !== "true";
      tab.setAttribute("aria-pressed", String(isOn));
      list.classList.toggle(`no-${one}`, !isOn);
    });
    tabs.append(tab);
  }
  fill(list, ...rows);
  const root = el(
    "aside",
    { class: "lines", "aria-label": t("transcript") },
    tabs,
    all.length ? list : el("p", { class: "none" }, t("no_lines")),
  );

  return {
    root,
    /** @param {number} seconds */
    tell(seconds) {
      const now = new Set();
      for (let index = 0; index < all.length && all[index].start <= seconds + 0.05; index += 1) {
        if (all[index].end > seconds) now.add(index);
      }
      if (now.size === current.size && [...now].every((index) => current.has(index))) return;
      for (const index of current) if (!now.has(index)) rows[index].removeAttribute("aria-current");
      for (const index of now) rows[index].setAttribute("aria-current", "true");
      const isNew = [...now].find((index) => !current.has(index));
      current = now;
      if (isNew !== undefined && !isTouched && !list.contains(document.activeElement)) follow(rows[isNew]);
    },
    /** @param {number} start Bring the first line of a moment into sight. */
    reach(start) {
      const first = all.findIndex((line) => line.end > start);
      if (first >= 0) follow(rows[first]);
    },
  };

  /** @param {HTMLElement} one */
  function follow(one) {
    const to_px = one.offsetTop - list.clientHeight / 3;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    list.scrollTo({ top: to_px, behavior: isCalm ? "instant" : "smooth" });
  }
}

/**
 * @param {Line} line
 * @param {import("./api.js").Evidence[]} evidence
 * @param {(seconds: number) => void} seek
 */
function row(line, evidence, seek) {
  const why = evidence.find(
    (one) =>
      one.modality === line.modality && one.text === line.text && Math.abs(one.start - line.start) < 0.05,
  );
  return el(
    "li",
    { class: `mode-${line.modality} ${why ? "match" : ""}` },
    el(
      "button",
      { type: "button", on: { click: () => seek(line.start) } },
      el("time", {}, clock(line.start)),
      icon(SIGNS[line.modality]),
      el("span", { class: "unseen" }, `${t(`mode_${line.modality}`)}: `),
      el("span", { class: "text" }, marked([...line.text], why?.marks ?? [])),
    ),
  );
}
