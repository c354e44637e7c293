// What is being looked for: as an object, and as the part of the address that says the same.

/**
 * @typedef {{video: string, start: number, end: number, name: string}} Example
 * @typedef {{q: string, modalities: string[], video: string, from: string, to: string,
 *   shortest: string, longest: string, likes: Example[], unlikes: Example[]}} Wanted
 */

export const MODALITIES = ["frame", "asr", "ocr"];
const PLAIN = /** @type {const} */ (["q", "video", "from", "to", "shortest", "longest"]);

/** @returns {Wanted} */
export const nothing = () => ({
  q: "",
  modalities: [],
  video: "",
  from: "",
  to: "",
  shortest: "",
  longest: "",
  likes: [],
  unlikes: [],
});

/** @type {(wanted: Wanted) => boolean} Whether there is anything to look for. */
export const isAsking = (wanted) => wanted.q.trim() !== "" || wanted.likes.length > 0;

/** @type {(wanted: Wanted) => number} How many filters narrow it. */
export const filters = ({ video, from, to, shortest, longest }) =>
  [video, from, to, shortest, longest].filter((value) => value !== "").length;

/** @type {(one: Example) => string} */
const written = ({ video, start, end, name }) => [video, start, end, name].join("~");

/** @type {(text: string) => Example} */
function read(text) {
  const [video, start, end, ...name] = text.split("~");
  return { video, start: Number(start), end: Number(end), name: name.join("~") };
}

/** @type {(one: Example) => boolean} Whether it can be one: an address may say anything. */
const isPlace = ({ start, end }) => start >= 0 && end > start;

/** @type {(wanted: Wanted) => URLSearchParams} */
export function toParameters(wanted) {
  const made = new URLSearchParams();
  for (const name of PLAIN) if (wanted[name]) made.set(name, wanted[name]);
  if (wanted.modalities.length) made.set("in", wanted.modalities.join(","));
  for (const one of wanted.likes) made.append("like", written(one));
  for (const one of wanted.unlikes) made.append("unlike", written(one));
  return made;
}

/** @type {(given: URLSearchParams) => Wanted} */
export function fromParameters(given) {
  const made = nothing();
  for (const name of PLAIN) made[name] = given.get(name) ?? "";
  made.modalities = (given.get("in") ?? "").split(",").filter((one) => MODALITIES.includes(one));
  made.likes = given.getAll("like").map(read).filter(isPlace);
  made.unlikes = given.getAll("unlike").map(read).filter(isPlace);
  return made;
}
