// Seconds as people read them, and back.

/**
 * `75.5` → `1:15.5`; hours only where there are some.
 * @param {number} seconds
 * @param {number} [digits] after the point
 * @returns {string}
 */
export function clock(seconds, digits = 0) {
  const unit = 10 ** digits;
  const ticks = Math.round(Math.max(0, seconds) * unit);
  const whole = Math.floor(ticks / unit);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  const tail = digits ? `.${String(ticks % unit).padStart(digits, "0")}` : "";
  const front = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : String(minutes);
  return `${front}:${rest}${tail}`;
}

/**
 * How long something lasts: `3.2 s`, `1:15`.
 * @param {number} seconds
 * @returns {string}
 */
export function length(seconds) {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/**
 * A size as people say it.
 * @param {number} bytes
 * @returns {string}
 */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toPrecision(3)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @returns {number}
 */
export function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
