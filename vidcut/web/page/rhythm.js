// How long more keys are waited for before it is asked: as long as that makes the answer sooner.
//
// The server searches for one thing after the other. Where keys come slower than searches end,
// waiting is in vain. Where they come faster, a search for each would keep the last one waiting
// behind half of another; if the next key would have come sooner than that, it is waited for.

const LEAST_MS = 15; // keys that are pressed together
const MOST_MS = 150;
const LATE = 1.2; // times the usual gap: no other key comes
const FIRST_MS = 120; // between the keys of who types as most do
const THOUGHT_MS = 400; // a gap so long is none of the rhythm
const WEIGHT = 0.35;

export class Rhythm {
  constructor() {
    this.gap_ms = FIRST_MS;
    this.search_ms = 0;
    this.last_ms = -Infinity;
  }

  /** @param {number} at_ms when a key was pressed */
  key(at_ms) {
    const gap_ms = at_ms - this.last_ms;
    this.last_ms = at_ms;
    if (gap_ms < THOUGHT_MS) this.gap_ms += WEIGHT * (gap_ms - this.gap_ms);
  }

  /** @param {number} took_ms how long the server took for the last search */
  searched(took_ms) {
    this.search_ms = took_ms;
  }

  /** How long to wait after a key. */
  get pause_ms() {
    const until_ms = LATE * this.gap_ms;
    const isPiling = this.gap_ms < this.search_ms && until_ms < LEAST_MS + this.search_ms / 2;
    return isPiling ? Math.min(Math.max(until_ms, LEAST_MS), MOST_MS) : LEAST_MS;
  }
}
