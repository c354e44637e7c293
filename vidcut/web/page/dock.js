// The tray as a strip along the window's foot: what will be cut, in its order.

import * as api from "./api.js";
import { announce, button, el, fill, icon } from "./dom.js";
import { begin, heard as jobsHeard, isOver, all as allJobs, jobList } from "./jobs.js";
import { bind } from "./keys.js";
import { movable } from "./mover.js";
import { picture } from "./pictures.js";
import { hashOf } from "./search.js";
import { clock, length } from "./time.js";
import { refused, toast } from "./toast.js";
import * as tray from "./tray.js";
import { t } from "./words.js";

const KIND = "application/x-vidcut-moment";
/** What most ask for, first; what the server writes besides comes after. */
const FIRST = ["fcpxml", "xmeml", "edl", "otio", "kdenlive", "mlt", "capcut"];

/** @param {{root: HTMLElement, go: (hash: string) => void, query: () => string}} how */
export function dock({ root, go, query }) {
  const row = el("ol", { class: "row", "aria-label": t("tray") });
  const total = el("span", { class: "total" });
  const vertical = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", id: "vertical" }));
  const fade = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", id: "fade" }));
  const format = /** @type {HTMLSelectElement} */ (
    el("select", { "aria-label": t("format"), class: "format" })
  );
  const offer = async () => {
    if (format.options.length) return;
    const { exports: names } = await api.about();
    const known = FIRST.filter((one) => names.includes(one));
    const others = names.filter((/** @type {string} */ one) => !FIRST.includes(one));
    fill(format, ...[...known, ...others].map((one) => el("option", { value: one }, t(`format_${one}`))));
    timeline.disabled = !tray.all().length;
  };
  const places = () => tray.all().map(api.place);
  const make = (/** @type {object} */ wish) => {
    more.hidePopover();
    void begin({ moments: places(), query: query(), ...wish });
  };
  const cut = button({
    sign: "cut",
    label: t("cut_clips"),
    class: "strong",
    act: () => make({ kind: "cut", vertical: vertical.checked }),
  });
  const reel = button({
    sign: "reel",
    label: t("make_reel"),
    act: () => make({ kind: "reel", vertical: vertical.checked, transition: fade.checked ? "fade" : "none" }),
  });
  const timeline = button({
    sign: "export",
    label: t("export"),
    act: () => make({ kind: "export", format: format.value }),
  });
  const busy = el("span", { class: "badge", hidden: true });
  const panel = el(
    "div",
    { class: "panel activity", id: "activity", popover: "auto", role: "region", "aria-label": t("activity") },
    el("h2", {}, t("activity")),
    jobList(() => true),
  );
  const more = el(
    "div",
    {
      class: "panel options",
      id: "tray-options",
      popover: "auto",
      role: "region",
      "aria-label": t("options"),
    },
    el("label", { class: "tick" }, vertical, el("span", {}, t("vertical"))),
    el("label", { class: "tick" }, fade, el("span", {}, t("fade"))),
    el("div", { class: "with" }, format, timeline),
    button({ sign: "shell", label: t("copy_command"), act: copy }),
    button({ sign: "close", label: t("empty_tray"), act: empty }),
  );
  const fold = button({
    sign: "reel",
    label: t("tray"),
    bare: true,
    class: "fold",
    key: "t",
    act: () => {
      const isFolded = root.classList.toggle("folded");
      fold.setAttribute("aria-expanded", String(!isFolded));
    },
    props: { "aria-expanded": "true" },
  });
  more.addEventListener("toggle", () => void offer().catch(refused));
  const hint = el("p", { class: "hint" }, t("tray_hint"));

  fill(
    root,
    el(
      "div",
      { class: "head" },
      fold,
      el("h2", {}, t("tray")),
      total,
      el(
        "div",
        { class: "acts" },
        cut,
        reel,
        el(
          "button",
          { type: "button", class: "button", popovertarget: "tray-options" },
          icon("filter"),
          el("span", {}, t("options")),
        ),
        el(
          "button",
          {
            type: "button",
            class: "bare",
            popovertarget: "activity",
            "aria-label": t("activity"),
            title: t("activity"),
          },
          icon("down"),
          busy,
        ),
      ),
    ),
    row,
    hint,
    more,
    panel,
  );
  root.setAttribute("aria-label", t("tray"));

  async function copy() {
    more.hidePopover();
    try {
      const { command } = await api.command(places(), "cut");
      await navigator.clipboard.writeText(command);
      toast(t("copied"), { sign: "shell" });
    } catch (error) {
      if (error instanceof DOMException) toast(t("cannot_copy"), { sign: "warn" });
      else refused(error);
    }
  }

  function empty() {
    const old = tray.all();
    tray.reset();
    more.hidePopover();
    toast(t("emptied", { n: old.length }), { sign: "close" });
  }

  function draw() {
    const focused = document.activeElement?.closest(".held");
    const index = focused ? [...row.children].indexOf(focused) : -1;
    const all = tray.all();
    fill(row, ...all.map((moment, at) => held(moment, at, go)));
    const jobs = allJobs();
    root.hidden = !all.length && !jobs.length;
    document.body.classList.toggle("docked", !root.hidden);
    root.classList.toggle("bare-tray", all.length === 0);
    fill(total, t("tray_total", { n: all.length, length: length(tray.length_s()) }));
    for (const one of [cut, reel]) one.disabled = !all.length;
    timeline.disabled = !all.length || !format.options.length;
    if (index >= 0) focusHeld(Math.min(index, all.length - 1));
  }

  /** @param {number} index */
  function focusHeld(index) {
    const link = row.children[index]?.querySelector("a");
    if (link instanceof HTMLElement) link.focus();
  }

  row.addEventListener("keydown", (event) => {
    const item = /** @type {HTMLElement} */ (event.target).closest(".held");
    if (!item) return;
    const at = [...row.children].indexOf(item);
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by && (event.altKey || event.shiftKey)) {
      tray.move(at, at + by);
      focusHeld(Math.min(Math.max(at + by, 0), row.children.length - 1));
      announce(t("moved_to", { n: Math.min(Math.max(at + by, 0), row.children.length - 1) + 1 }));
    } else if (by) focusHeld(at + by);
    else if (event.key === "Delete" || event.key === "Backspace" || event.key === "x") {
      tray.remove(tray.all()[at]);
      focusHeld(Math.min(at, row.children.length - 1));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  movable(row, ".held", (from, to) => tray.move(from, to));
  droppable(root, row);
  tray.heard(draw);
  jobsHeard(() => {
    const many = allJobs().filter((job) => !isOver(job)).length;
    busy.hidden = many === 0;
    fill(busy, many);
    if (root.hidden) draw();
  });
  bind("tray", t("tray"), () => !root.hidden, [
    { keys: ["t"], says: t("key_tray"), does: () => fold.click() },
  ]);
  draw();
}

/**
 * @param {api.Moment} moment
 * @param {number} index
 * @param {(hash: string) => void} go
 */
function held(moment, index, go) {
  const still = picture(api.frame(moment.video.id, (moment.start + moment.end) / 2, 320));
  const when = `${clock(moment.start, 1)} – ${clock(moment.end, 1)}`;
  return el(
    "li",
    { class: "held" },
    el(
      "span",
      { class: moment.video.picture === false ? "shot deaf" : "shot" },
      moment.video.picture === false ? icon("wave") : still,
      el("span", { class: "long" }, length(moment.end - moment.start)),
      el("span", { class: "nth" }, index + 1),
    ),
    el(
      "a",
      {
        class: "open",
        href: hashOf(moment, ""),
        draggable: "false",
        "aria-keyshortcuts": "Alt+ArrowLeft Alt+ArrowRight Delete",
        on: {
          click: (/** @type {Event} */ event) =>
            event.defaultPrevented || (event.preventDefault(), go(hashOf(moment, ""))),
        },
      },
      el("span", { class: "name" }, moment.video.name),
      el("span", { class: "when" }, when),
    ),
    button({
      sign: "close",
      label: t("remove_x", { x: `${moment.video.name} ${when}` }),
      bare: true,
      class: "out",
      act: () => tray.remove(moment),
      props: { tabindex: -1 },
    }),
  );
}

/**
 * Let cards be dropped between the ones that are there.
 * @param {HTMLElement} root
 * @param {HTMLElement} row
 */
function droppable(root, row) {
  const slot = (/** @type {DragEvent} */ event) =>
    [...row.children].filter((one) => {
      const edges = one.getBoundingClientRect();
      return edges.left + edges.width / 2 < event.clientX;
    }).length;
  const clear = () => {
    root.classList.remove("over");
    for (const one of row.children) one.classList.remove("before", "after");
  };
  root.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes(KIND)) return;
    event.preventDefault();
    clear();
    root.classList.add("over");
    const at = slot(event);
    (row.children[at] ?? row.lastElementChild)?.classList.add(row.children[at] ? "before" : "after");
  });
  root.addEventListener(
    "dragleave",
    (event) => root.contains(/** @type {Node|null} */ (event.relatedTarget)) || clear(),
  );
  root.addEventListener("drop", (event) => {
    const text = event.dataTransfer?.getData(KIND);
    clear();
    if (!text) return;
    event.preventDefault();
    const at = slot(event);
    tray.read(text).forEach((moment, index) => tray.add(moment, at + index));
  });
  // A place to drop the first one.
  addEventListener("dragstart", (event) => {
    if (event.target instanceof HTMLElement && event.target.closest(".card")) {
      root.hidden = false;
      root.classList.add("wanted");
      document.body.classList.add("docked");
    }
  });
  addEventListener("dragend", () => {
    root.classList.remove("wanted");
    clear();
    if (!tray.all().length && !allJobs().length) {
      root.hidden = true;
      document.body.classList.remove("docked");
    }
  });
}
