// Pictures one after the other: a browser has six connections to a server, and a search is never
// to wait behind a wall of stills that are still being decoded.

import { el } from "./dom.js";

const AT_ONCE = 3;
const NEAR_PX = 200;
const REST_MS = 250; // after a key: what is found is not yet what is meant

/** @type {WeakMap<Element, string>} */
const urls = new WeakMap();
/** @type {HTMLImageElement[]} */
let queue = [];
/** What is on its way, and how to give it up. @type {Map<Element, AbortController>} */
const loading = new Map();
let resting = 0;

const watching = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watching.unobserve(target);
      queue.push(/** @type {HTMLImageElement} */ (target));
    }
    load();
  },
  { rootMargin: `${NEAR_PX}px` },
);

function load() {
  while (!resting && loading.size < AT_ONCE && queue.length) {
    const image = /** @type {HTMLImageElement} */ (queue.shift());
    if (!image.isConnected || !image.checkVisibility()) {
      watching.observe(image); // scrolled away or hidden meanwhile: again when it is seen
      continue;
    }
    const ending = new AbortController();
    loading.set(image, ending);
    const over = (/** @type {Event} */ event) => {
      ending.abort();
      loading.delete(image);
      image.classList.add(event.type === "load" ? "there" : "gone");
      load();
    };
    image.addEventListener("load", over, { signal: ending.signal });
    image.addEventListener("error", over, { signal: ending.signal });
    image.src = urls.get(image) ?? "";
  }
}

/** Ask for no more pictures until keys rest: decoders would take the cores from the search. */
export function wait() {
  clearTimeout(resting);
  resting = setTimeout(() => {
    resting = 0;
    load();
  }, REST_MS);
}

/**
 * A picture that is asked for once it is in sight, and in its turn.
 * @param {string} url
 * @param {string} [kind] its class
 * @returns {HTMLImageElement}
 */
export function picture(url, kind = "") {
  const made = /** @type {HTMLImageElement} */ (
    el("img", { alt: "", class: kind, decoding: "async", draggable: "false" })
  );
  urls.set(made, url);
  watching.observe(made);
  return made;
}

/** Let go of the pictures in what is thrown away, and of those on their way. @param {Element} gone */
export function forget(gone) {
  for (const image of gone.querySelectorAll("img")) {
    watching.unobserve(image);
    const ending = loading.get(image);
    if (!ending) continue;
    ending.abort();
    loading.delete(image);
    image.removeAttribute("src"); // the server learns of it
  }
  queue = queue.filter((image) => !gone.contains(image));
  queueMicrotask(load); // others of the same wall may be about to go
}
