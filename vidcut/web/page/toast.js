// What happened, for a moment, at the window's edge.

import { Refusal } from "./api.js";
import { announce, button, el, icon } from "./dom.js";
import { t } from "./words.js";

const STAYS_MS = 6000;
const LINKS_STAY_MS = 15000;
const MOST_LINKS = 3;

/**
 * @param {string} text
 * @param {{sign?: string, links?: Array<{name: string, href: string, download: boolean}>}} [more]
 *   one with links stays longer, and as long as the pointer or the focus is on it
 */
export function toast(text, { sign = "check", links = [] } = {}) {
  const made = el(
    "div",
    { class: `toast ${sign === "warn" ? "warn" : ""}` },
    icon(sign),
    el(
      "div",
      { class: "said" },
      text,
      ...links
        .slice(0, MOST_LINKS)
        .map(({ name, href, download }) =>
          el("a", { href, download: download && name, title: name }, icon("down"), el("span", {}, name)),
        ),
      links.length > MOST_LINKS &&
        el("span", { class: "soft" }, t("n_more_files", { n: links.length - MOST_LINKS })),
    ),
    button({ sign: "close", label: t("close"), bare: true, act: () => made.remove() }),
  );
  document.getElementById("toasts")?.append(made);
  announce(text, sign === "warn" ? "loud" : "polite");
  const leave = () => {
    if (made.matches(":hover, :focus-within")) setTimeout(leave, STAYS_MS);
    else made.remove();
  };
  setTimeout(leave, links.length ? LINKS_STAY_MS : STAYS_MS);
}

/** @type {(error: unknown) => void} Tell what the server said instead of doing it. */
export function refused(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (!(error instanceof Refusal)) throw error;
  if (error.status === 0) dispatchEvent(new CustomEvent("vidcut-gone"));
  else toast(error.message || t("refused", { status: error.status }), { sign: "warn" });
}
