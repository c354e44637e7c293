// What the server is working at, as it tells by server-sent events.

import * as api from "./api.js";
import { button, el, fill, icon } from "./dom.js";
import { size } from "./time.js";
import { refused, toast } from "./toast.js";
import { t } from "./words.js";

/** @typedef {api.Job} Job */

/** @type {Map<string, Job>} */
const known = new Map();
/** @type {Array<(job: Job) => void>} */
const listeners = [];
/** Those begun on this page, whose end is told. @type {Set<string>} */
const ours = new Set();

/** @type {(listener: (job: Job) => void) => void} */
export const heard = (listener) => void listeners.push(listener);

/** @type {() => Job[]} The newest first. */
export const all = () => [...known.values()].reverse();

/** @type {(job: Job) => boolean} */
export const isOver = (job) => ["done", "failed", "cancelled"].includes(job.state);

/** Open only while something is made: a browser has six connections to a server. @type {EventSource|null} */
let source = null;

/** Hear of what is being made, and was made before. */
export async function begun() {
  try {
    const { jobs } = await api.jobs();
    for (const job of jobs) learn(job);
  } catch (error) {
    refused(error);
  }
}

/** Listen as long as there is anything to hear of; a broken connection the browser takes up again. */
function follow() {
  const isLive = [...known.values()].some((job) => !isOver(job));
  if (isLive && !source) {
    source = api.events();
    source.addEventListener("message", (event) => learn(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      dispatchEvent(new CustomEvent("vidcut-gone"));
      if (source?.readyState === EventSource.CLOSED) source = null;
    });
  } else if (!isLive) {
    source?.close();
    source = null;
  }
}

/** @param {Job} job */
function learn(job) {
  const before = known.get(job.id);
  known.set(job.id, job);
  follow();
  if (isOver(job) && ours.has(job.id) && !(before && isOver(before))) tell(job);
  for (const listener of listeners) listener(job);
}

/** @param {Job} job */
function tell(job) {
  if (job.state === "failed")
    toast(`${t(`job_${job.kind}`)}: ${job.error || job.note || t("failed")}`, { sign: "warn" });
  else if (job.state === "done") {
    const links = job.files.map(({ n, name }) => ({ name, href: api.made(job.id, n), download: true }));
    toast(t("job_done", { what: t(`job_${job.kind}`) }), { links });
  }
}

/**
 * @param {object} wish
 * @returns {Promise<Job|null>} null where it was refused, which is told
 */
export async function begin(wish) {
  try {
    const { job } = await api.begin(wish);
    ours.add(job.id);
    const heardBefore = known.get(job.id); // an event may come before the answer
    if (!heardBefore) learn(job);
    else if (isOver(heardBefore)) tell(heardBefore);
    return job;
  } catch (error) {
    refused(error);
    return null;
  }
}

/**
 * A list that keeps itself up to date.
 * @param {(job: Job) => boolean} which
 * @returns {HTMLElement}
 */
export function jobList(which) {
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  const none = el("p", { class: "none" }, t("no_jobs"));
  const root = el("div", { class: "jobs" }, none);
  const draw = (/** @type {Job} */ job) => {
    if (!which(job)) return;
    none.hidden = true;
    const row = rows.get(job.id) ?? el("div", { class: "job" });
    if (!rows.has(job.id)) root.prepend(row);
    rows.set(job.id, row);
    drawJob(row, job);
  };
  heard(draw);
  for (const job of all().reverse()) draw(job);
  return root;
}

/** @param {HTMLElement} row @param {Job} job */
function drawJob(row, job) {
  const hadFocus = row.contains(document.activeElement);
  const label = t(`job_${job.kind}`);
  const bar = el("progress", { max: 1, "aria-label": label });
  if (job.total) bar.setAttribute("value", String(job.done / job.total));
  const counted = job.total ? `${Math.floor(job.done)} / ${Math.floor(job.total)}` : "";
  row.className = `job ${job.state}`;
  fill(
    row,
    el(
      "div",
      { class: "line" },
      el("b", {}, label, job.title && el("span", { class: "soft" }, ` ${job.title}`)),
      el("span", { class: "state" }, isOver(job) ? t(`state_${job.state}`) : counted),
    ),
    !isOver(job) && bar,
    (job.error || job.note) &&
      el("p", { class: job.state === "failed" ? "warn" : "soft" }, job.error || job.note),
    (job.remarks ?? []).length > 0 &&
      el("ul", { class: "remarks soft" }, ...(job.remarks ?? []).map((one) => el("li", {}, one))),
    job.files.length > 0 &&
      el(
        "ul",
        { class: "files" },
        ...job.files.map(({ n, name, bytes }) =>
          el(
            "li",
            {},
            el("a", { href: api.made(job.id, n), download: name }, icon("down"), el("span", {}, name)),
            el("span", { class: "soft" }, size(bytes)),
          ),
        ),
      ),
    !isOver(job) &&
      button({
        sign: "close",
        label: t("cancel"),
        class: "small",
        act: () => api.cancel(job.id).catch(refused),
      }),
  );
  if (hadFocus) row.querySelector("button")?.focus();
}
