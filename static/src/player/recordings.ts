// Which recording is played, and where in it the viewer was.
import type { Playback, Replay } from "./facts";
import { keepPlace, placeIn } from "./position";
import type { Start } from "./source";

const PLACE_KEPT_MS = 5_000;

/** A replay by its name; by default the whole event, as a replay or as what was recorded. */
export function chosenReplay({ replays, dvr }: Playback, name: string | null): Replay | null {
  const found = replays.find((replay) => replay.name === (name ?? "all"));
  if (found) return found;
  return dvr !== null && (name === null || name === "all") ? { name: "dvr", address: dvr } : null;
}

export class Recordings {
  /** The one that is played. */
  current: Replay | null = null;
  #keptAt = 0;

  constructor(
    readonly slug: string,
    readonly video: HTMLVideoElement,
  ) {
    addEventListener("pagehide", () => this.keep(true));
    video.addEventListener("ended", () => this.keep(true));
  }

  /** Number of the fight that is replayed; null: the whole event, or nothing. */
  get fight(): number | null {
    return Number(this.current?.name) || null;
  }

  /** Where it was left. */
  startOf({ name }: Replay): Start {
    const s = placeIn(this.slug, name);
    return s > 0 ? { at: "time", s } : { at: "start" };
  }

  /** Remembers the place, now and then or at once. */
  keep(now: boolean): void {
    const { video, current } = this;
    if (!current || video.readyState < 2) return;
    if (!now && (video.paused || Date.now() - this.#keptAt < PLACE_KEPT_MS)) return;
    this.#keptAt = Date.now();
    keepPlace(this.slug, current.name, video.currentTime, video.duration);
  }

  /** Something else is played from here on. */
  leave(): void {
    this.keep(true);
    this.current = null;
  }
}

/** Goes to a part of what is loaded. */
export function seekWithin({ seekable }: HTMLVideoElement, start: Start): number | null {
  if (seekable.length === 0) return null;
  const [from, to] = [seekable.start(0), seekable.end(seekable.length - 1)];
  if (start.at === "start") return from;
  return start.at === "fraction" ? from + (to - from) * start.of : null;
}

/** Seconds back or on, within what is loaded. */
export function stepWithin({ seekable, currentTime, duration }: HTMLVideoElement, seconds: number): number {
  const end = seekable.length > 0 ? seekable.end(seekable.length - 1) : duration;
  return Math.max(0, Math.min(currentTime + seconds, end - 0.5));
}
