// A grid of any number of cards of which only those near the window exist.
//
// All cards of one width have one height, so where each stands is arithmetic: nothing is measured
// while scrolling, and cards are moved by transform alone.

import { el } from "./dom.js";

const GAP_PX = 20;
const NARROWEST_PX = 248;
const MARGIN_ROWS = 2;

/**
 * @template T
 */
export class Grid {
  /**
   * @param {{make: (item: T, index: number) => HTMLElement, textHeight_px: number,
   *   drop: (card: HTMLElement) => void, near: () => void}} how `make` builds a card, `drop` is told
   *   of one that goes, `near` when the end comes into sight
   */
  constructor({ make, textHeight_px, drop, near }) {
    this.make = make;
    this.drop = drop;
    this.near = near;
    this.textHeight_px = textHeight_px;
    /** @type {T[]} */
    this.items = [];
    /** @type {Map<number, HTMLElement>} */
    this.cards = new Map();
    this.columns = 1;
    this.width_px = 0;
    this.card_px = 0;
    this.row_px = 1;
    this.waiting = 0;
    this.root = el("ol", { class: "grid" });
    this.top_px = 0;
    new ResizeObserver(() => this.measure()).observe(this.root);
    addEventListener("scroll", () => this.later(), { passive: true });
    addEventListener("resize", () => this.later(), { passive: true });
  }

  /** How many items fill the window, with a row that is not drawn; 0 where nobody knows yet. */
  get most_seen() {
    return this.width_px && (Math.ceil(innerHeight / this.row_px) + MARGIN_ROWS + 1) * this.columns;
  }

  /**
   * Show other items; cards of the old ones go.
   * @param {T[]} items
   */
  show(items) {
    this.items = items;
    for (const card of this.cards.values()) this.discard(card);
    this.cards.clear();
    this.measure(true, 0); // what is in sight stands at once, and the rest a frame later
    this.later();
  }

  /**
   * More of the same: what is there stays.
   * @param {T[]} items of which the first are those shown
   */
  extend(items) {
    this.items = items;
    this.measure(true);
  }

  /** @param {HTMLElement} card */
  discard(card) {
    this.drop(card);
    card.remove();
  }

  measure(force = false, margin_rows = MARGIN_ROWS) {
    const width_px = this.root.clientWidth;
    if (!width_px) return;
    if (width_px !== this.width_px || force) {
      const changed = width_px !== this.width_px;
      this.width_px = width_px;
      this.columns = Math.max(1, Math.floor((width_px + GAP_PX) / (NARROWEST_PX + GAP_PX)));
      const card_px = (width_px - GAP_PX * (this.columns - 1)) / this.columns;
      this.card_px = card_px;
      this.row_px = Math.round((card_px * 9) / 16) + this.textHeight_px + GAP_PX;
      const rows = Math.ceil(this.items.length / this.columns);
      this.root.style.height = `${Math.max(0, rows * this.row_px - GAP_PX)}px`;
      this.root.style.setProperty("--card-width", `${card_px}px`);
      if (changed) for (const [index, card] of this.cards) this.put(card, index);
    }
    this.top_px = this.root.getBoundingClientRect().top + scrollY;
    this.draw(margin_rows);
  }

  /** @param {HTMLElement} card @param {number} index */
  put(card, index) {
    const x = (index % this.columns) * (this.card_px + GAP_PX);
    const y = Math.floor(index / this.columns) * this.row_px;
    card.style.transform = `translate(${x}px,${y}px)`;
  }

  later() {
    if (!this.waiting) {
      this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        this.draw();
      });
    }
  }

  draw(margin_rows = MARGIN_ROWS) {
    if (!this.root.isConnected || !this.width_px) return;
    const from_px = scrollY - this.top_px;
    const first = (Math.floor(from_px / this.row_px) - margin_rows) * this.columns;
    const last = (Math.ceil((from_px + innerHeight) / this.row_px) + margin_rows) * this.columns;
    const focused = document.activeElement;
    for (const [index, card] of this.cards) {
      if ((index < first || index >= last) && !card.contains(focused)) {
        this.discard(card);
        this.cards.delete(index);
      }
    }
    const lowest = Math.min(...this.cards.keys());
    const above = document.createDocumentFragment();
    const below = document.createDocumentFragment();
    for (let index = Math.max(0, first); index < Math.min(last, this.items.length); index += 1) {
      if (!this.cards.has(index)) (index < lowest ? above : below).append(this.card(index));
    }
    this.root.prepend(above); // read aloud in their order
    this.root.append(below);
    if (this.items.length && last >= this.items.length) this.near();
  }

  /** @param {number} index */
  card(index) {
    const card = this.make(this.items[index], index);
    card.setAttribute("aria-posinset", String(index + 1));
    card.setAttribute("aria-setsize", String(this.items.length));
    this.put(card, index);
    this.cards.set(index, card);
    return card;
  }

  /**
   * The card of an item, brought into the window where it is not.
   * @param {number} index
   * @returns {HTMLElement|undefined}
   */
  reach(index) {
    if (index < 0 || index >= this.items.length) return undefined;
    const top_px = this.top_px + Math.floor(index / this.columns) * this.row_px;
    const bar_px = 76;
    if (top_px < scrollY + bar_px) scrollTo({ top: top_px - bar_px });
    else if (top_px + this.row_px > scrollY + innerHeight - 120) {
      scrollTo({ top: top_px + this.row_px - innerHeight + 120 });
    }
    this.draw();
    return this.cards.get(index);
  }
}
