// All that is asked of the server, and nothing else: paths are made here alone.

/**
 * @typedef {{id: string|number, name: string, duration: number, playable: boolean,
 *   picture?: boolean}} Video
 * @typedef {{modality: string, start: number, end: number, text: string|null,
 *   marks?: Array<[number, number]>, labels?: string[], score?: number}} Evidence
 * @typedef {{id?: string, video: Video, start: number, end: number, score: number,
 *   evidence: Evidence[], reasons?: {start: string, end: string}}} Moment
 * @typedef {{id: string, kind: string, state: string, done: number, total: number|null,
 *   title?: string, note?: string|null, error?: string|null, remarks?: string[], files: Array<{n: number, name: string, bytes: number}>}} Job
 * @typedef {{video: string|number, start: number, end: number}} Place
 */

/** What the server answered instead; `status` 0 where there was no answer at all. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {{method?: string, body?: object, signal?: AbortSignal}} [how]
 * @returns {Promise<any>}
 */
async function ask(path, { method = "GET", body, signal } = {}) {
  let answer;
  let text;
  try {
    answer = await fetch(path, {
      method,
      signal,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
    text = await answer.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal(0, "");
  }
  const said = read(text);
  if (!answer.ok || said === null) throw new Refusal(answer.status, said?.error ?? answer.statusText);
  return said;
}

/** @type {(text: string) => any} null where it is no JSON */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {Record<string, any>} wanted lists become repeated parameters, empty ones are left out
 * @returns {string}
 */
function query(wanted) {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") made.append(name, String(one));
    }
  }
  return made.toString();
}

/** @type {(id: string|number) => string} */
const part = (id) => encodeURIComponent(String(id));

/** @type {(seconds: number) => number} Whole milliseconds, so that equal moments have equal URLs. */
const exact = (seconds) => Math.round(seconds * 1000) / 1000;

/** @type {(place: Place) => string} As `like` and `unlike` are written. */
const written = ({ video, start, end }) => `${video}@${exact(start)}-${exact(end)}`;

export const about = () => ask("/api/about");

/**
 * @param {import("./wanted.js").Wanted & {count: number}} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<{query: string, moments: Moment[], note: string|null, took_ms: number}>}
 */
export function search({ q, count, modalities, video, from, to, shortest, longest, likes, unlikes }, signal) {
  const asked = query({
    q,
    k: count,
    modality: modalities.join(","),
    video,
    from,
    to,
    min_length: shortest,
    max_length: longest,
    like: likes.map(written),
    unlike: unlikes.map(written),
  });
  return ask(`/api/search?${asked}`, { signal });
}

/** @type {(cursor?: string|null, signal?: AbortSignal) => Promise<any>} */
export const videos = (cursor, signal) => ask(`/api/videos?${query({ cursor })}`, { signal });

/** @type {(id: string|number, signal?: AbortSignal) => Promise<any>} */
export const video = (id, signal) => ask(`/api/videos/${part(id)}`, { signal });

/** @type {(id: string|number, q: string, signal?: AbortSignal) => Promise<any>} */
export const curve = (id, q, signal) => ask(`/api/videos/${part(id)}/curve?${query({ q })}`, { signal });

/** @type {(id: string|number, signal?: AbortSignal) => Promise<any>} */
export const snap = (id, signal) => ask(`/api/snap?${query({ video: id })}`, { signal });

/** @type {(id: string|number) => string} */
export const file = (id) => `/media/${part(id)}`;

/** @type {(id: string|number, start: number) => string} */
export const stream = (id, start) => `/media/${part(id)}/play?${query({ start: exact(start) })}`;

/** @type {(id: string|number, at: number, width: number) => string} */
export const frame = (id, at, width) => `/media/${part(id)}/frame?${query({ at: exact(at), width })}`;

/** @type {(place: Place, count: number, width: number) => string} */
export const sprite = ({ video: id, start, end }, count, width) =>
  `/media/${part(id)}/sprite?${query({ start: exact(start), end: exact(end), count, width })}`;

export const jobs = () => ask("/api/jobs");

/** @type {(wish: object) => Promise<{job: Job}>} */
export const begin = (wish) => ask("/api/jobs", { method: "POST", body: wish });

/** @type {(id: string) => Promise<any>} */
export const cancel = (id) => ask(`/api/jobs/${part(id)}`, { method: "DELETE" });

/** @type {(id: string, n: number) => string} */
export const made = (id, n) => `/api/jobs/${part(id)}/files/${part(n)}`;

/** @type {() => EventSource} */
export const events = () => new EventSource("/api/jobs/events");

/** @type {(wish: {text: string, locks: Record<string, Place>}, signal?: AbortSignal) => Promise<any>} */
export const plan = (wish, signal) => ask("/api/script/plan", { method: "POST", body: wish, signal });

/** @type {(moments: Place[], kind: string) => Promise<{command: string}>} */
export const command = (moments, kind) => ask("/api/command", { method: "POST", body: { moments, kind } });

/** @type {(moment: Moment) => Place} */
export const place = (moment) => ({
  video: moment.video.id,
  start: exact(moment.start),
  end: exact(moment.end),
});

/** @type {(moment: Moment) => string} The same for the same stretch of the same video. */
export const identity = (moment) => written(place(moment));
