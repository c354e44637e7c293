// A video element that knows absolute times: of the file itself where the browser plays it, and of
// a stream made on the fly where it does not.

import * as api from "./api.js";

const AHEAD_S = 0.05;

export class Player {
  /**
   * @param {HTMLVideoElement} screen
   * @param {{onTime?: (seconds: number) => void, onState?: () => void, onTrouble?: (text: string) => void}} [heard]
   */
  constructor(screen, heard = {}) {
    this.screen = screen;
    this.heard = heard;
    /** @type {api.Video|null} */
    this.video = null;
    this.start = 0;
    this.end = 0;
    this.isLooping = true;
    this.isStream = false;
    this.offset_s = 0;
    this.ticking = 0;
    screen.playsInline = true;
    screen.preload = "auto";
    for (const kind of ["play", "pause", "volumechange", "ended"]) {
      screen.addEventListener(kind, () => this.changed(kind));
    }
    screen.addEventListener("seeked", () => this.tell());
    screen.addEventListener("error", () => this.failed());
  }

  /**
   * @param {api.Video} video
   * @param {number} start where it begins, and comes back to
   * @param {number} end
   */
  load(video, start, end) {
    this.video = video;
    this.start = start;
    this.end = end;
    this.open(!video.playable, start);
  }

  /** @param {boolean} isStream @param {number} at_s */
  open(isStream, at_s) {
    if (!this.video) return;
    this.isStream = isStream;
    this.offset_s = isStream ? at_s : 0;
    this.screen.src = isStream ? api.stream(this.video.id, at_s) : api.file(this.video.id);
    if (!isStream) this.screen.currentTime = at_s;
    this.tell();
  }

  /** Where it is, in seconds of the video. */
  get position() {
    return this.screen.currentTime + this.offset_s;
  }

  get isPlaying() {
    return !this.screen.paused && !this.screen.ended;
  }

  /** @param {number} seconds */
  seek(seconds) {
    const at_s = Math.max(0, Math.min(seconds, (this.video?.duration ?? Infinity) - AHEAD_S));
    if (!this.isStream || this.isBuffered(at_s - this.offset_s)) {
      this.screen.currentTime = at_s - this.offset_s;
      return;
    }
    const wasPlaying = this.isPlaying;
    this.open(true, at_s);
    if (wasPlaying) this.play();
  }

  /** @param {number} inside_s */
  isBuffered(inside_s) {
    const { buffered } = this.screen;
    for (let index = 0; index < buffered.length; index += 1) {
      if (inside_s >= buffered.start(index) && inside_s <= buffered.end(index)) return true;
    }
    return false;
  }

  play() {
    if (this.isLooping && (this.position >= this.end - AHEAD_S || this.position < this.start - AHEAD_S)) {
      this.seek(this.start);
    }
    this.screen.play().catch((error) => {
      if (error.name === "NotAllowedError") {
        this.screen.muted = true; // browsers let what is silent begin by itself
        this.screen.play().catch(() => this.heard.onState?.());
      }
    });
  }

  pause() {
    this.screen.pause();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  /** Let go of the file, and of the program that makes a stream of it. */
  close() {
    cancelAnimationFrame(this.ticking);
    this.video = null;
    this.screen.pause();
    this.screen.removeAttribute("src");
    this.screen.load();
  }

  /** @param {string} kind */
  changed(kind) {
    if (kind === "play") this.tick();
    if (kind === "ended" && this.isLooping && this.video) {
      this.seek(this.start);
      this.play();
    }
    this.heard.onState?.();
  }

  tick() {
    cancelAnimationFrame(this.ticking);
    if (!this.video || !this.isPlaying) return;
    if (this.isLooping && this.position >= this.end) this.seek(this.start);
    this.tell();
    this.ticking = requestAnimationFrame(() => this.tick());
  }

  tell() {
    this.heard.onTime?.(this.position);
  }

  failed() {
    if (!this.video) return;
    if (this.isStream) this.heard.onTrouble?.(this.screen.error?.message ?? "");
    else {
      const at_s = this.start;
      this.open(true, at_s); // what the table of formats took for playable was not
    }
  }
}
