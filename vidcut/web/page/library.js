// The third room: what the library holds, what failed and why, and what is being indexed.

import * as api from "./api.js";
import { announce, button, el, fill, icon } from "./dom.js";
import { begin, heard, isOver, jobList } from "./jobs.js";
import { SIGNS } from "./card.js";
import { picture } from "./pictures.js";
import { clock, size } from "./time.js";
import { refused, toast } from "./toast.js";
import { language, t } from "./words.js";

const SEEN_PX = 160;

export function libraryRoom() {
  const facts = el("dl", { class: "facts" });
  const models = el("dl", { class: "models" });
  const failures = el("section", { class: "failures", hidden: true });
  const rows = el("tbody", {});
  const filter = /** @type {HTMLInputElement} */ (
    el("input", { type: "search", "aria-label": t("filter_videos"), placeholder: t("filter_videos") })
  );
  const folder = /** @type {HTMLInputElement} */ (
    el("input", {
      type: "text",
      id: "folder",
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      placeholder: t("folder_example"),
    })
  );
  const many = el("p", { class: "soft", role: "status" });
  const number = new Intl.NumberFormat(language());
  let loading = new AbortController();
  /** @type {any[]} */
  let all = [];

  const adding = el(
    "form",
    { class: "adding" },
    el("label", { for: "folder" }, t("add_folder")),
    el(
      "div",
      { class: "with" },
      folder,
      el("button", { type: "submit", class: "button strong" }, icon("folder"), el("span", {}, t("add"))),
    ),
  );
  adding.addEventListener("submit", async (event) => {
    event.preventDefault();
    const job = await begin({ kind: "index", folder: folder.value.trim() });
    if (job) folder.value = "";
  });
  const again = button({
    sign: "again",
    label: t("reindex"),
    act: async () => {
      const job = await begin({ kind: "index" });
      if (job) toast(t("job_begun", { what: t("job_index") }), { sign: "again" });
    },
  });
  filter.addEventListener("input", drawRows);
  const head = ["video", "length", "picture", "chunks", "size", "state"].map((one) =>
    el("th", { scope: "col" }, t(`column_${one}`)),
  );
  const root = el(
    "section",
    { class: "room library", "aria-label": t("library") },
    el("header", { class: "top" }, el("h1", {}, t("library")), again),
    facts,
    el(
      "div",
      { class: "side" },
      adding,
      el(
        "section",
        {},
        el("h2", {}, t("running")),
        jobList((job) => job.kind === "index"),
      ),
      el("section", {}, el("h2", {}, t("models")), models),
    ),
    el(
      "div",
      { class: "main" },
      failures,
      el("div", { class: "with" }, el("h2", {}, t("videos")), filter),
      many,
      el(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": t("videos") },
        el("table", {}, el("thead", {}, el("tr", {}, ...head)), rows),
      ),
    ),
  );
  heard((job) => job.kind === "index" && isOver(job) && root.isConnected && load());

  async function load() {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    try {
      const about = await api.about();
      drawFacts(about);
      let cursor = null;
      /** @type {any[]} */
      const found = [];
      do {
        const page = await api.videos(cursor, signal);
        found.push(...page.videos);
        cursor = page.next;
        all = found;
        drawRows();
      } while (cursor);
    } catch (error) {
      refused(error);
    }
  }

  /** @param {any} about */
  function drawFacts(about) {
    const pair = (/** @type {string} */ name, /** @type {any} */ value, /** @type {string} */ sign) =>
      el("div", {}, el("dt", {}, icon(sign), name), el("dd", {}, value));
    const count = (/** @type {string} */ one) => number.format(about.chunks?.[one] ?? 0);
    fill(
      facts,
      pair(t("videos"), number.format(about.videos), "library"),
      ...["frame", "asr", "ocr"].map((one) => pair(t(`mode_${one}`), count(one), SIGNS[one])),
    );
    fill(
      models,
      ...Object.entries(about.models ?? {}).flatMap(([name, model]) => [
        el("dt", {}, t(`mode_${name}`)),
        el("dd", {}, String(model)),
      ]),
    );
    if (about.offline_model) models.append(el("dd", { class: "soft" }, t("offline_model")));
  }

  function drawRows() {
    const wanted = filter.value.trim().toLowerCase();
    const shown = all.filter((one) => one.path.toLowerCase().includes(wanted));
    fill(rows, ...shown.map(row));
    fill(many, t("n_videos", { n: shown.length }));
    const failed = all.filter((one) => one.state === "failed");
    failures.hidden = !failed.length;
    fill(
      failures,
      el("h2", {}, icon("warn"), t("n_failed", { n: failed.length })),
      button({
        sign: "again",
        label: t("retry"),
        class: "small",
        act: () => void begin({ kind: "index", retry: true }),
      }),
      el(
        "ul",
        {},
        ...failed.map((one) => el("li", {}, el("b", {}, one.path), el("span", {}, one.failure ?? ""))),
      ),
    );
    if (wanted) announce(t("n_videos", { n: shown.length }));
  }

  /** @param {any} video */
  function row(video) {
    const isThere = video.state !== "failed";
    const still =
      isThere && video.picture !== false
        ? picture(api.frame(video.id, video.duration / 3, SEEN_PX))
        : icon("wave");
    const end = Math.min(video.duration, 10).toFixed(3);
    const name = isThere
      ? el("a", { href: `#/moment/${encodeURIComponent(String(video.id))}?start=0&end=${end}` }, video.name)
      : el("span", {}, video.name);
    return el(
      "tr",
      { class: `is-${video.state}` },
      el(
        "th",
        { scope: "row" },
        el(
          "div",
          {},
          el("span", { class: "small-shot" }, still),
          el("span", { class: "named" }, name, video.path !== video.name && el("small", {}, video.path)),
        ),
      ),
      el("td", {}, isThere ? clock(video.duration) : ""),
      el("td", {}, video.width ? `${video.width} × ${video.height}` : ""),
      el("td", {}, isThere ? number.format(video.chunks) : ""),
      el("td", {}, video.size ? size(video.size) : ""),
      el(
        "td",
        {},
        el("span", { class: `tag is-${video.state}` }, t(`video_${video.state}`)),
        video.failure && el("small", { class: "warn" }, video.failure),
      ),
    );
  }

  return { root, enter: load };
}
