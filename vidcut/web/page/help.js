// What the keys do and what a query may say, in one dialog.

import { button, el, fill } from "./dom.js";
import { all } from "./keys.js";
import { t } from "./words.js";

/** @type {Array<[string, string]>} as `vidcut search --help-query` has them */
const LANGUAGE = [
  ["eating hot pot", "help_any"],
  ['"today\'s special"', "help_exact"],
  ['said:"good morning"', "help_said"],
  ["written:menu", "help_written"],
  ['shown:"red car"', "help_shown"],
  ["beach -people", "help_without"],
  ["car 2:red", "help_weight"],
  ["pouring water >> making tea", "help_then"],
];

/** @type {Record<string, string>} */
const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

/** @returns {() => void} opens it */
export function help() {
  const body = el("div", { class: "columns" });
  const dialog = /** @type {HTMLDialogElement} */ (
    el("dialog", { class: "help", "aria-labelledby": "help-title" })
  );
  fill(
    dialog,
    el(
      "header",
      {},
      el("h1", { id: "help-title" }, t("help")),
      button({ sign: "close", label: t("close"), bare: true, act: () => dialog.close() }),
    ),
    body,
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  const open = () => {
    fill(
      body,
      ...all().map(({ title, bindings }) =>
        el(
          "section",
          {},
          el("h2", {}, title),
          el(
            "dl",
            {},
            ...bindings.flatMap(({ keys, says }) => [
              el("dt", {}, ...keys.map((key) => el("kbd", {}, NAMES[key] ?? key))),
              el("dd", {}, says),
            ]),
          ),
        ),
      ),
      el(
        "section",
        {},
        el("h2", {}, t("help_language")),
        el(
          "dl",
          {},
          ...LANGUAGE.flatMap(([words, says]) => [
            el("dt", {}, el("code", {}, words)),
            el("dd", {}, t(says)),
          ]),
        ),
      ),
    );
    dialog.showModal();
  };
  return open;
}
