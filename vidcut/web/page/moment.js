// One moment, looked at closely: played, understood, and given other ends.

import * as api from "./api.js";
import { scored, reasons } from "./card.js";
import { curve } from "./curve.js";
import { announce, button, el, fill, icon, relabel } from "./dom.js";
import { ends, SHORTEST_S } from "./ends.js";
import { begin } from "./jobs.js";
import { bind } from "./keys.js";
import { lines } from "./lines.js";
import { Player } from "./player.js";
import { shots } from "./shots.js";
import { clock, within } from "./time.js";
import { refused, toast } from "./toast.js";
import * as tray from "./tray.js";
import { t } from "./words.js";

const FRAME_S = 1 / 25;
const REST_MS = 300;

/**
 * @param {{moreLike: (moment: api.Moment) => void, leaveOut: (moment: api.Moment) => void,
 *   step: (by: number) => void, back: () => void}} how
 */
export function momentRoom({ moreLike, leaveOut, step, back }) {
  const root = el("section", { class: "room moment", "aria-label": t("moment") });
  const screen = /** @type {HTMLVideoElement} */ (
    el("video", { class: "screen", "aria-label": t("player") })
  );
  const trouble = el("p", { class: "trouble", hidden: true });
  /** @type {api.Moment|null} */
  let moment = null;
  /** @type {Array<{tell: (seconds: number) => void}>} */
  let followers = [];
  /** @type {ReturnType<typeof ends>|null} */
  let handles = null;
  /** @type {ReturnType<typeof curve>|null} */
  let overview = null;
  let loading = new AbortController();
  /** As it lies in the tray, if it does. @type {api.Moment|null} */
  let held = null;
  let settling = 0;
  let asked = "";

  const player = new Player(screen, {
    onTime(seconds) {
      for (const one of followers) one.tell(seconds);
      fill(time, clock(seconds, 1), el("span", {}, ` / ${clock(moment?.video.duration ?? 0, 1)}`));
    },
    onState: drawState,
    onTrouble() {
      trouble.hidden = false;
      fill(trouble, t("cannot_play"));
    },
  });
  const time = el("span", { class: "time" });
  const playing = button({
    sign: "play",
    label: t("play"),
    bare: true,
    class: "big",
    act: () => player.toggle(),
  });
  const looping = button({
    sign: "loop",
    label: t("loop"),
    bare: true,
    key: "l",
    act: loop,
    props: { "aria-pressed": "true" },
  });
  const sound = button({
    sign: "sound",
    label: t("mute"),
    bare: true,
    act: () => (screen.muted = !screen.muted),
  });
  const taking = button({ sign: "plus", label: t("take"), class: "strong", key: "x", act: take });
  const controls = el(
    "div",
    { class: "controls" },
    playing,
    looping,
    sound,
    time,
    el("span", { class: "spring" }),
    button({
      sign: "more",
      label: t("more_like"),
      key: "m",
      class: "quiet",
      act: () => moment && moreLike(now()),
    }),
    button({
      sign: "not",
      label: t("not_this"),
      key: "n",
      class: "quiet",
      act: () => moment && leaveOut(moment),
    }),
    button({ sign: "cut", label: t("cut_this"), key: "c", act: cut }),
    taking,
  );
  screen.addEventListener("click", () => player.toggle());

  /** Its ends as they stand now. */
  const now = () => /** @type {api.Moment} */ ({ ...moment, start: player.start, end: player.end });

  function loop() {
    player.isLooping = !player.isLooping;
    looping.setAttribute("aria-pressed", String(player.isLooping));
  }

  function take() {
    if (!moment) return;
    settle();
    if (held) tray.remove(held);
    else {
      held = now();
      tray.add(held);
    }
  }

  /** What lies in the tray follows the ends, once they rest. */
  function settle() {
    clearTimeout(settling);
    if (!held || !moment) return;
    const old = held;
    held = now();
    if (api.identity(old) !== api.identity(held)) tray.replace(old, held);
  }

  async function cut() {
    if (!moment) return;
    const job = await begin({ kind: "cut", moments: [api.place(now())], query: asked });
    if (job) toast(t("job_begun", { what: t("job_cut") }), { sign: "cut" });
  }

  function drawState() {
    relabel(
      playing,
      player.isPlaying ? { sign: "pause", label: t("pause") } : { sign: "play", label: t("play") },
    );
    relabel(sound, screen.muted ? { sign: "mute", label: t("unmute") } : { sign: "sound", label: t("mute") });
    if (!moment) return;
    const isTaken = held !== null;
    relabel(taking, isTaken ? { sign: "check", label: t("untake") } : { sign: "plus", label: t("take") });
    taking.setAttribute("aria-pressed", String(isTaken));
  }

  /** @param {number} start @param {number} end */
  function changed(start, end) {
    player.start = start;
    player.end = end;
    overview?.mark(start, end);
    clearTimeout(settling);
    settling = setTimeout(settle, REST_MS);
  }

  /** @param {number} seconds */
  function seek(seconds) {
    if (player.isLooping && (seconds < player.start - 0.05 || seconds > player.end)) loop(); // elsewhere is looked at
    player.seek(seconds);
  }

  /**
   * @param {api.Moment} which
   * @param {string} q what was asked
   * @param {{index: number, count: number}|null} among of how many found it is one
   */
  async function show(which, q, among) {
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    moment = which;
    asked = q;
    trouble.hidden = true;
    if (!player.isLooping) loop();
    let facts;
    try {
      facts = await api.video(which.video.id, signal);
    } catch (error) {
      return gone(error);
    }
    moment = { ...which, video: { ...which.video, ...facts, playable: facts.playable } };
    moment.start = within(which.start, 0, Math.max(0, facts.duration - SHORTEST_S)); // an address may say anything
    moment.end = within(which.end, moment.start + SHORTEST_S, facts.duration);
    const { video, start, end } = moment;
    handles = ends({
      video,
      start,
      end,
      changed,
      scrub: (seconds) => player.seek(seconds),
      done: () => player.seek(player.start),
    });
    overview = curve({ duration: video.duration, seek });
    const text = lines({ asr: facts.asr, ocr: facts.ocr, evidence: which.evidence, seek });
    const strip = shots({ video, shots: facts.shots, seek });
    followers = [handles, overview, text, strip];
    fill(
      root,
      heading(which, facts, among),
      el(
        "div",
        { class: "desk" },
        el(
          "div",
          { class: video.picture === false ? "stage deaf" : "stage" },
          screen,
          video.picture === false && icon("wave"),
          trouble,
        ),
        el(
          "div",
          { class: "below" },
          controls,
          handles.root,
          overview.root,
          facts.shots.length > 1 && strip.root,
        ),
        text.root,
      ),
    );
    overview.mark(start, end);
    player.load(video, start, end);
    held = tray.has(moment) ? moment : null;
    if (!document.activeElement || document.activeElement === document.body)
      playing.focus({ preventScroll: true });
    player.play();
    drawState();
    text.reach(start);
    announce(`${video.name}, ${clock(start, 1)} – ${clock(end, 1)}`);
    await Promise.all([
      api.snap(video.id, signal).then((points) => handles?.snapTo(points)),
      q ? api.curve(video.id, q, signal).then((scores) => overview?.show(scores)) : null,
    ]).catch(refused);
    return undefined;
  }

  /** @param {unknown} error */
  function gone(error) {
    if (error instanceof DOMException) return;
    moment = null;
    if (error instanceof api.Refusal && error.status) {
      fill(
        root,
        el(
          "div",
          { class: "nobody" },
          icon("warn"),
          el("h2", {}, t("video_gone")),
          el("p", {}, error.message),
          button({ sign: "back", label: t("back"), act: back }),
        ),
      );
    } else refused(error);
  }

  /** @param {api.Moment} which @param {any} facts @param {{index: number, count: number}|null} among */
  function heading(which, facts, among) {
    return el(
      "header",
      { class: "crumbs" },
      button({ sign: "back", label: t("back"), bare: true, key: "Esc", act: back }),
      el("h1", {}, facts.name),
      among &&
        el(
          "div",
          { class: "steps" },
          button({
            sign: "back",
            label: t("key_previous"),
            bare: true,
            key: "k",
            act: () => step(-1),
            props: { disabled: among.index === 0 },
          }),
          el("span", {}, `${among.index + 1} / ${among.count}`),
          button({
            sign: "next",
            label: t("key_next"),
            bare: true,
            key: "j",
            act: () => step(1),
            props: { disabled: among.index + 1 >= among.count },
          }),
        ),
      which.evidence.length > 0 && el("div", { class: "told" }, scored(which.score), reasons(which)),
    );
  }

  const isHere = () => root.isConnected && moment !== null;
  const onButton = (/** @type {KeyboardEvent} */ event) =>
    /** @type {HTMLElement} */ (event.target).closest("button, a, [role=slider]") !== null;
  bind("moment", t("moment"), isHere, [
    {
      keys: [" "],
      says: t("key_toggle"),
      does: (event) =>
        onButton(event) &&
        event.target !== playing &&
        !(/** @type {HTMLElement} */ (event.target).closest(".curve"))
          ? false
          : player.toggle(),
    },
    { keys: ["i"], says: t("key_in"), does: () => handles?.moveTo("start", player.position) },
    { keys: ["o"], says: t("key_out"), does: () => handles?.moveTo("end", player.position) },
    {
      keys: ["[", "]"],
      says: t("key_ends"),
      does: (event) => player.seek(event.key === "[" ? player.start : player.end - 0.5),
    },
    {
      keys: ["ArrowLeft", "ArrowRight"],
      says: t("key_second"),
      does: (event) => seek(player.position + (event.key === "ArrowLeft" ? -1 : 1)),
    },
    {
      keys: [",", "."],
      says: t("key_frame"),
      does: (event) => {
        player.pause();
        player.seek(player.position + (event.key === "," ? -FRAME_S : FRAME_S));
      },
    },
    { keys: ["l"], says: t("loop"), does: loop },
    { keys: ["x"], says: t("key_take"), does: take },
    { keys: ["c"], says: t("cut_this"), does: () => void cut() },
    { keys: ["m"], says: t("more_like"), does: () => moreLike(now()) },
    { keys: ["n"], says: t("not_this"), does: () => moment && leaveOut(moment) },
    { keys: ["j", "k"], says: t("key_step"), does: (event) => step(event.key === "j" ? 1 : -1) },
    { keys: ["Escape"], says: t("back"), does: back },
  ]);
  tray.heard(() => {
    if (held && !tray.has(held)) held = null;
    drawState();
  });

  return {
    root,
    show,
    leave() {
      loading.abort();
      settle();
      player.close();
      moment = null;
      fill(root);
    },
  };
}
