// Pictures one after the other: a browser has six connections to a server, and a search is never
// to wait behind a wall of stills that are still being decoded.

import { el } from "./dom.js";

const AT_ONCE = 3;
const NEAR_PX = 200;

/** @type {WeakMap<Element, string>} */
const urls = new WeakMap();
/** @type {HTMLImageElement[]} */
const queue = [];
let loading = 0;

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
  while (loading < AT_ONCE && queue.length) {
    const image = /** @type {HTMLImageElement} */ (queue.shift());
    if (!image.isConnected || !image.checkVisibility()) {
      watching.observe(image); // scrolled away or hidden meanwhile: again when it is seen
      continue;
    }
    loading += 1;
    const over = (/** @type {Event} */ event) => {
      loading -= 1;
      image.classList.add(event.type === "load" ? "there" : "gone");
      image.removeEventListener(event.type === "load" ? "error" : "load", over);
      load();
    };
    image.addEventListener("load", over, { once: true });
    image.addEventListener("error", over, { once: true });
    image.src = urls.get(image) ?? "";
  }
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

/** Let go of the pictures in what is thrown away. @param {Element} gone */
export function forget(gone) {
  for (const image of gone.querySelectorAll("img")) watching.unobserve(image);
}
