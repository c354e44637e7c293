// The row under the search field: where to look, what to leave out, what it is to be like.

import * as api from "./api.js";
import { button, el, fill, icon } from "./dom.js";
import { SIGNS } from "./card.js";
import { clock } from "./time.js";
import { MODALITIES, filters as counted } from "./wanted.js";
import { t } from "./words.js";

/**
 * @param {import("./wanted.js").Wanted} wanted changed in place
 * @param {() => void} changed
 */
export function filters(wanted, changed) {
  const modes = MODALITIES.map((one) =>
    el(
      "button",
      { type: "button", class: `chip mode-${one}`, on: { click: () => toggle(one) } },
      icon(SIGNS[one]),
      el("span", {}, t(`mode_${one}`)),
    ),
  );
  const badge = el("span", { class: "badge", hidden: true });
  const panel = el("form", {
    class: "panel filters",
    id: "filters",
    popover: "auto",
    "aria-label": t("filters"),
  });
  const opener = el(
    "button",
    { type: "button", class: "chip", popovertarget: "filters" },
    icon("filter"),
    el("span", {}, t("filters")),
    badge,
  );
  const examples = el("span", { class: "examples" });
  const said = el("span", { class: "count" });
  /** @type {Record<string, HTMLInputElement|HTMLSelectElement>} */
  const fields = {
    video: /** @type {HTMLSelectElement} */ (el("select", {}, el("option", { value: "" }, t("all_videos")))),
    from: field("date"),
    to: field("date"),
    shortest: field("number", { min: 0, step: 0.5, inputmode: "decimal", placeholder: "0.5" }),
    longest: field("number", { min: 0, step: 0.5, inputmode: "decimal", placeholder: "60" }),
  };

  /** @param {string} one */
  function toggle(one) {
    const others = wanted.modalities.length ? wanted.modalities : [];
    wanted.modalities = others.includes(one) ? others.filter((name) => name !== one) : [...others, one];
    if (wanted.modalities.length === MODALITIES.length) wanted.modalities = [];
    draw();
    changed();
  }

  for (const [name, input] of Object.entries(fields)) {
    input.addEventListener("input", () => {
      if (!input.checkValidity()) return;
      /** @type {any} */ (wanted)[name] = input.value;
      draw();
      changed();
    });
  }
  fill(
    panel,
    labelled(t("video"), fields.video),
    el("div", { class: "pair" }, labelled(t("date_from"), fields.from), labelled(t("date_to"), fields.to)),
    el(
      "div",
      { class: "pair" },
      labelled(t("shortest_s"), fields.shortest),
      labelled(t("longest_s"), fields.longest),
    ),
    button({
      label: t("clear_filters"),
      act: () => {
        for (const [name, input] of Object.entries(fields))
          input.value = /** @type {any} */ (wanted)[name] = "";
        draw();
        changed();
      },
    }),
  );
  panel.addEventListener("submit", (event) => event.preventDefault());
  panel.addEventListener("beforetoggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") {
      const edges = opener.getBoundingClientRect();
      panel.style.top = `${edges.bottom + 8}px`;
      panel.style.left = `${Math.max(12, Math.min(edges.left, innerWidth - 352))}px`;
      listVideos(/** @type {HTMLSelectElement} */ (fields.video), wanted);
    }
  });

  function draw() {
    MODALITIES.forEach((one, index) => {
      const isOn = wanted.modalities.includes(one);
      modes[index].setAttribute("aria-pressed", String(isOn));
    });
    const many = counted(wanted);
    badge.hidden = many === 0;
    fill(badge, many);
    for (const [name, input] of Object.entries(fields)) {
      const value = /** @type {any} */ (wanted)[name];
      if (name === "video" && value && !input.querySelector(`option[value="${CSS.escape(value)}"]`)) {
        input.append(el("option", { value }, t("this_video")));
      }
      if (input.value !== value) input.value = value;
    }
    fill(
      examples,
      ...wanted.likes.map((one) => example(one, "likes")),
      ...wanted.unlikes.map((one) => example(one, "unlikes")),
    );
  }

  /** @param {import("./wanted.js").Example} one @param {"likes"|"unlikes"} side */
  function example(one, side) {
    const words = `${t(side === "likes" ? "like" : "unlike")} ${one.name} ${clock(one.start)}`;
    return el(
      "button",
      {
        type: "button",
        class: `chip example ${side}`,
        "aria-label": t("remove_x", { x: words }),
        on: {
          click: () => {
            wanted[side] = wanted[side].filter((other) => other !== one);
            draw();
            changed();
          },
        },
      },
      icon(side === "likes" ? "more" : "not"),
      el("span", {}, words),
      icon("close"),
    );
  }

  draw();
  return {
    root: el(
      "div",
      { class: "under" },
      el("div", { class: "modes", role: "group", "aria-label": t("where_to_look") }, ...modes),
      opener,
      panel,
      examples,
      said,
    ),
    said,
    draw,
    /** @param {import("./wanted.js").Wanted} to */
    become(to) {
      Object.assign(wanted, to);
      draw();
    },
  };
}

/** @param {string} type @param {object} [more] */
const field = (type, more = {}) => /** @type {HTMLInputElement} */ (el("input", { type, ...more }));

/** @param {string} words @param {Element} input */
const labelled = (words, input) => el("label", { class: "field" }, el("span", {}, words), input);

/**
 * Name the videos to choose from, once.
 * @param {HTMLSelectElement} select
 * @param {import("./wanted.js").Wanted} wanted
 */
async function listVideos(select, wanted) {
  if (select.dataset.full) return;
  select.dataset.full = "yes";
  /** @type {any[]} */
  const all = [];
  let cursor = null;
  try {
    do {
      const page = await api.videos(cursor);
      all.push(...page.videos);
      cursor = page.next;
    } while (cursor && all.length < 5000);
  } catch {
    delete select.dataset.full; // asked again when it is opened again
    return;
  }
  fill(
    select,
    el("option", { value: "" }, t("all_videos")),
    ...all.map((one) => el("option", { value: one.id }, one.name)),
  );
  select.value = wanted.video;
}
