// Reordering a row by pointer, mouse or finger alike.

const SLACK_PX = 6;

/**
 * Let the children of a row be dragged along it.
 * @param {HTMLElement} row
 * @param {string} which selects the children that move
 * @param {(from: number, to: number) => void} moved
 */
export function movable(row, which, moved) {
  row.addEventListener("pointerdown", (event) => {
    const item = /** @type {HTMLElement} */ (event.target).closest(which);
    const onButton = /** @type {HTMLElement} */ (event.target).closest("button, input");
    if (!(item instanceof HTMLElement) || event.button !== 0 || (onButton && item.contains(onButton))) return;
    follow(row, which, item, event, moved);
  });
}

/**
 * @param {HTMLElement} row
 * @param {string} which
 * @param {HTMLElement} item
 * @param {PointerEvent} down
 * @param {(from: number, to: number) => void} moved
 */
function follow(row, which, item, down, moved) {
  const all = /** @type {HTMLElement[]} */ ([...row.querySelectorAll(which)]);
  const from = all.indexOf(item);
  const middles_px = all.map((one) => one.offsetLeft + one.offsetWidth / 2);
  const step_px = all.length > 1 ? Math.abs(all[1].offsetLeft - all[0].offsetLeft) : item.offsetWidth;
  const began_px = row.scrollLeft;
  const ending = new AbortController();
  let to = from;
  let isDragging = false;

  /** @param {PointerEvent} event */
  function move(event) {
    const by_px = event.clientX - down.clientX + (row.scrollLeft - began_px);
    if (!isDragging && Math.abs(by_px) < SLACK_PX) return;
    if (!isDragging) {
      isDragging = true;
      item.setPointerCapture(down.pointerId);
      item.classList.add("dragged");
    }
    const at_px = middles_px[from] + by_px;
    to = middles_px.filter((middle, index) => index !== from && middle < at_px).length;
    item.style.transform = `translateX(${by_px}px)`;
    all.forEach((one, index) => {
      if (one === item) return;
      const shift = index > from && index <= to ? -1 : index < from && index >= to ? 1 : 0;
      one.style.transform = shift ? `translateX(${shift * step_px}px)` : "";
    });
  }

  /** @param {boolean} isKept */
  function end(isKept) {
    ending.abort();
    item.classList.remove("dragged");
    for (const one of all) one.style.transform = "";
    if (isDragging) {
      item.addEventListener("click", (event) => event.preventDefault(), { once: true, capture: true });
      if (isKept && to !== from) moved(from, to);
    }
  }

  const { signal } = ending;
  addEventListener("pointermove", move, { signal });
  addEventListener("pointerup", () => end(true), { signal });
  addEventListener("pointercancel", () => end(false), { signal });
  addEventListener("keydown", (event) => event.key === "Escape" && end(false), { signal });
}
