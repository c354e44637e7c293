// Where it begins: the bar, the rooms, and the way between them.

import * as api from "./api.js";
import { button, el, fill, icon } from "./dom.js";
import { dock } from "./dock.js";
import { help } from "./help.js";
import { begun } from "./jobs.js";
import { bind, listen as listenToKeys } from "./keys.js";
import { libraryRoom } from "./library.js";
import { momentRoom } from "./moment.js";
import { scriptRoom } from "./script.js";
import { hashOf, searchRoom } from "./search.js";
import { become as becomeTheme, next as nextTheme, theme } from "./theme.js";
import { become as becomeLanguage, language, t } from "./words.js";

/** @typedef {api.Moment} Moment */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const RETRY_MS = 3000;

/** The moments that were found, and which of them is looked at. */
let found = { list: /** @type {Moment[]} */ ([]), index: -1 };

const openHelp = help();
const field = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const early = field.value; // typed before this ran
field.placeholder = t("search_placeholder");
field.setAttribute("aria-label", t("search"));
const search = searchRoom({ field, go: replace, open });
const moment = momentRoom({
  moreLike(one) {
    location.hash = "#/find";
    search.moreLike(one);
  },
  leaveOut(one) {
    back();
    search.leaveOut(one);
  },
  step,
  back,
});
const rooms = {
  script: once(scriptRoom),
  library: once(libraryRoom),
};
let findHash = "#/find";
let scrolled_px = 0;

/**
 * @template T
 * @param {() => T} make
 * @returns {() => T} the same one every time
 */
function once(make) {
  /** @type {T|undefined} */
  let made;
  return () => (made ??= make());
}

/** @param {string} hash */
function replace(hash) {
  findHash = hash;
  if (!location.hash.startsWith("#/find") && location.hash) location.hash = hash;
  else history.replaceState(null, "", hash);
  if (!search.root.isConnected) enter();
}

/** @param {Moment[]} list @param {number} index */
function open(list, index) {
  scrolled_px = scrollY;
  found = { list, index };
  location.hash = hashOf(list[index], search.query());
}

/** @param {number} by */
function step(by) {
  const index = found.index + by;
  if (found.index < 0 || index < 0 || index >= found.list.length) return;
  found.index = index;
  history.replaceState(null, "", hashOf(found.list[index], search.query()));
  enter();
}

function back() {
  location.hash = findHash;
}

/** Show the room that the address names. */
function enter() {
  const [, name = "find", id = ""] = location.hash.split("?")[0].split("/");
  const given = new URLSearchParams(location.hash.split("?")[1] ?? "");
  const wasFound = search.root.isConnected;
  search.stop();
  if (name !== "moment") moment.leave();
  document.body.dataset.room = name;
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute(
      "aria-current",
      link.getAttribute("href") === `#/${name === "moment" ? "find" : name}`,
    );
  }
  if (name === "moment") show(moment.root, () => enterMoment(id, given));
  else if (name === "script") show(rooms.script().root);
  else if (name === "library") show(rooms.library().root, () => rooms.library().enter());
  else {
    findHash = location.hash || "#/find";
    show(search.root);
    search.enter(given);
    if (!wasFound && found.index >= 0) {
      scrollTo({ top: scrolled_px });
      if (document.activeElement !== field) search.back(found.index);
    }
  }
  document.title = name === "find" && given.get("q") ? `${given.get("q")} – vidcut` : "vidcut";
}

/** @param {HTMLElement} root @param {() => void} [then] */
function show(root, then) {
  if (main.firstElementChild !== root) {
    main.replaceChildren(root);
    scrollTo({ top: 0 });
  }
  then?.();
}

/** @type {(said: string|null) => number|undefined} Seconds, where an address says any. */
const time = (said) => (said && Number(said) >= 0 ? Number(said) : undefined);

/** @type {(part: string) => string} A part of an address; as it is where it is badly encoded. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param {string} id @param {URLSearchParams} given */
function enterMoment(id, given) {
  const start = time(given.get("start")) ?? 0;
  const end = time(given.get("end")) ?? start + 5;
  const video = { id: decoded(id), name: "", duration: end, playable: true };
  const wanted = { video, start, end, score: 0, evidence: [] };
  const index = found.list.findIndex((one) => api.identity(one) === api.identity(wanted));
  found.index = index;
  moment.show(
    found.list[index] ?? wanted,
    given.get("q") ?? "",
    index < 0 ? null : { index, count: found.list.length },
  );
}

function bar() {
  const link = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {string} */ key) =>
    el(
      "a",
      { href: `#/${name}`, title: `${t(name)} (${key})`, "aria-label": t(name) },
      icon(sign),
      el("span", {}, t(name)),
    );
  const colours = button({
    sign: SUNS[theme()],
    label: t(`theme_${theme()}`),
    bare: true,
    act: () => {
      becomeTheme(nextTheme());
      colours.querySelector("use")?.setAttribute("href", `#i-${SUNS[theme()]}`);
      colours.title = t(`theme_${theme()}`);
      colours.setAttribute("aria-label", colours.title);
    },
  });
  const other = language() === "en" ? "zh" : "en";
  const tongue = el(
    "button",
    { type: "button", class: "bare tongue", lang: other, on: { click: () => becomeLanguage(other) } },
    other === "zh" ? "中文" : "EN",
  );
  field.form?.addEventListener("submit", (event) => event.preventDefault());
  document
    .getElementById("bar")
    ?.append(
      el(
        "nav",
        { "aria-label": t("rooms") },
        link("find", "search", "1"),
        link("script", "script", "2"),
        link("library", "library", "3"),
      ),
      el(
        "div",
        { class: "tools" },
        tongue,
        colours,
        button({ sign: "keys", label: t("help"), bare: true, key: "?", class: "keys", act: openHelp }),
      ),
    );
}

const SUNS = { auto: "auto", light: "sun", dark: "moon" };

/** @returns {Promise<boolean>} Whether the server answers, if only that it refuses. */
const isThere = () =>
  api.about().then(
    () => true,
    (error) => error instanceof api.Refusal && error.status > 0,
  );

/** The server is gone, it seems: say so, and when it is there again. */
async function gone() {
  if (document.querySelector(".gone-bar") || (await isThere())) return;
  const told = el("div", { class: "gone-bar", role: "alert" }, icon("warn"), t("server_gone"));
  document.body.prepend(told);
  const asking = setInterval(async () => {
    if (!(await isThere())) return;
    clearInterval(asking);
    told.remove();
  }, RETRY_MS);
}

bar();
const skip = document.getElementById("skip");
if (skip) fill(skip, t("skip"));
skip?.addEventListener("click", (event) => {
  event.preventDefault(); // the address tells the room
  main.focus();
});
dock({
  root: /** @type {HTMLElement} */ (document.getElementById("dock")),
  go: (hash) => (location.hash = hash),
  query: search.query,
});
bind("everywhere", t("everywhere"), () => true, [
  { keys: ["/"], says: t("key_search"), does: () => field.select() },
  {
    keys: ["1", "2", "3"],
    says: t("key_rooms"),
    does: (event) => void (location.hash = ["#/find", "#/script", "#/library"][Number(event.key) - 1]),
  },
  { keys: ["?"], says: t("help"), does: openHelp },
  {
    keys: ["Escape"],
    says: t("key_escape"),
    does: () => {
      if (search.stop()) return true;
      if (document.activeElement === field && field.value) field.select();
      else if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body)
        document.activeElement.blur();
      else return false;
      return true;
    },
  },
]);
listenToKeys();
addEventListener("vidcut-gone", gone);
addEventListener("hashchange", enter);
enter();
begun();
if (early && !location.hash) {
  field.value = early;
  field.dispatchEvent(new Event("input"));
}
document.body.classList.add("ready");
