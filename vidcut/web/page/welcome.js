// What there is to see before anything was asked: how to ask, and the footage itself.

import * as api from "./api.js";
import { SIGNS } from "./card.js";
import { el, fill, icon } from "./dom.js";
import { picture } from "./pictures.js";
import { clock } from "./time.js";
import { t } from "./words.js";

const WALL = 24;

/** @type {Array<[string, string, string]>} sign, key of the example, key of what it finds */
const WAYS = [
  ["eye", "way_any", "way_any_says"],
  [SIGNS.asr, "way_said", "way_said_says"],
  [SIGNS.ocr, "way_written", "way_written_says"],
  ["next", "way_then", "way_then_says"],
];

/**
 * @param {{ask: (words: string) => void}} how
 */
export function welcome({ ask }) {
  const wall = el("ul", { class: "wall" });
  const lead = el("p", { class: "lead" });
  const root = el(
    "div",
    { class: "welcome" },
    el("h1", {}, t("welcome")),
    lead,
    el(
      "ul",
      { class: "ways" },
      ...WAYS.map(([sign, words, says]) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", class: "way", on: { click: () => ask(t(words)) } },
            icon(sign),
            el("code", {}, t(words)),
            el("span", {}, t(says)),
          ),
        ),
      ),
    ),
    el("h2", {}, t("your_footage")),
    wall,
  );
  let isAsked = false;

  async function load() {
    if (isAsked) return;
    isAsked = true;
    try {
      const [facts, page] = await Promise.all([api.about(), api.videos()]);
      const count = (/** @type {string} */ one) => facts.chunks?.[one] ?? 0;
      fill(
        lead,
        t("welcome_lead", {
          videos: facts.videos,
          frames: count("frame"),
          said: count("asr"),
          written: count("ocr"),
        }),
      );
      const shown = page.videos.filter((/** @type {any} */ one) => one.state !== "failed").slice(0, WALL);
      fill(wall, ...shown.map(tile));
      if (!shown.length)
        fill(
          wall,
          el(
            "li",
            { class: "none" },
            t("no_footage"),
            " ",
            el("a", { href: "#/library" }, t("open_library")),
          ),
        );
    } catch {
      isAsked = false; // app.js says when the server is gone
    }
  }

  /** @param {any} video */
  function tile(video) {
    const still = picture(api.frame(video.id, video.duration / 3, 320));
    const end = Math.min(video.duration, 10);
    return el(
      "li",
      {},
      el(
        "a",
        { href: `#/moment/${encodeURIComponent(String(video.id))}?start=0&end=${end.toFixed(3)}` },
        el(
          "span",
          { class: video.picture === false ? "shot deaf" : "shot" },
          video.picture === false ? icon("wave") : still,
          el("span", { class: "long" }, clock(video.duration)),
        ),
        el("span", { class: "name" }, video.name),
      ),
    );
  }

  return {
    root,
    show() {
      root.hidden = false;
      load();
    },
    hide() {
      root.hidden = true;
    },
  };
}
