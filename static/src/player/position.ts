// Where a replay was left, on this device.

const PLACE = "bakuhantam.place";
const KEPT = 20;
/** The end counts as seen. */
const END_S = 30;
/** Not worth coming back to. */
const START_S = 10;

type Places = Record<string, number>;

function read(): Places {
  try {
    const places: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    return typeof places === "object" && places !== null ? (places as Places) : {};
  } catch {
    return {};
  }
}

function write(places: Places): void {
  try {
    // The newest stand last; a device need not remember a life of them.
    localStorage.setItem(PLACE, JSON.stringify(Object.fromEntries(Object.entries(places).slice(-KEPT))));
  } catch {
    // Private windows may refuse.
  }
}

/** Seconds into a replay, 0 for its start. */
export function placeIn(slug: string, replay: string): number {
  const seconds = read()[`${slug}/${replay}`];
  return typeof seconds === "number" && seconds > 0 ? seconds : 0;
}

/** Remembers a place; at the start and in the last half minute there is nothing to remember. */
export function keepPlace(slug: string, replay: string, seconds: number, duration: number): void {
  const places = read();
  delete places[`${slug}/${replay}`];
  const middle = seconds >= START_S && Number.isFinite(duration) && seconds < duration - END_S;
  write(middle ? { ...places, [`${slug}/${replay}`]: Math.floor(seconds) } : places);
}
