// A video's shots as a strip of pictures; each is a place to go to.

import * as api from "./api.js";
import { el } from "./dom.js";
import { picture } from "./pictures.js";
import { clock, length } from "./time.js";
import { t } from "./words.js";

const WIDE_PX = 160;
const INTO_SHOT = 0.3; // past a dissolve, before what ends it

/**
 * @param {{video: api.Video, shots: Array<[number, number]>, seek: (seconds: number) => void}} how
 */
export function shots({ video, shots: all, seek }) {
  const items = all.map(([start, end], index) => {
    const still = picture(api.frame(video.id, start + (end - start) * INTO_SHOT, WIDE_PX));
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          "aria-label": t("shot_n", { n: index + 1, at: clock(start), length: length(end - start) }),
          on: { click: () => seek(start) },
        },
        still,
        el("span", { "aria-hidden": "true" }, clock(start)),
      ),
    );
  });
  const list = el("ol", { class: "shots", "aria-label": t("shots") }, ...items);
  let current = -1;
  return {
    root: list,
    /** @param {number} seconds */
    tell(seconds) {
      const now = all.findLastIndex(([start]) => start <= seconds + 0.02);
      if (now === current) return;
      items[current]?.removeAttribute("aria-current");
      items[now]?.setAttribute("aria-current", "true");
      current = now;
      const item = items[now];
      if (item && !list.matches(":hover, :focus-within"))
        list.scrollTo({ left: item.offsetLeft - list.clientWidth / 2 + item.offsetWidth / 2 });
    },
  };
}
