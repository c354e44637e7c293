// What happened, for a moment, at the window's edge.

import { Refusal } from "./api.js";
import { announce, button, el, icon } from "./dom.js";
import { t } from "./words.js";

const STAYS_MS = 6000;

/**
 * @param {string} text
 * @param {{sign?: string, links?: Array<{name: string, href: string, download: boolean}>}} [more]
 *   one with links stays until it is closed
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
      ...links.map(({ name, href, download }) => el("a", { href, download: download && name }, icon("down"), name)),
    ),
    button({ sign: "close", label: t("close"), bare: true, act: () => made.remove() }),
  );
  document.getElementById("toasts")?.append(made);
  announce(text, sign === "warn" ? "loud" : "polite");
  if (!links.length) setTimeout(() => made.remove(), STAYS_MS);
}

/** @type {(error: unknown) => void} Tell what the server said instead of doing it. */
export function refused(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (!(error instanceof Refusal)) throw error;
  if (error.status === 0) dispatchEvent(new CustomEvent("vidcut-gone"));
  else toast(error.message || t("refused", { status: error.status }), { sign: "warn" });
}
