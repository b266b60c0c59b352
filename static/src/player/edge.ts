// What the newest segments of a live playlist are: free, or under a fight's key. Read from the public playlists alone.
import { keyIdOf, type KeyId } from "./keyid";

/** `null`: nobody could say. */
export type EdgeNow = "free" | KeyId | null;

/** The newest segments that have to be free before a picture can start there. */
const FREE_SEGMENTS = 3;

async function text(address: string): Promise<string | null> {
  try {
    const answer = await fetch(address, { credentials: "omit", signal: AbortSignal.timeout(5_000) });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** Of a media playlist: what its newest segments are. */
export function readEdge(playlist: string): EdgeNow {
  let key: KeyId | null = null;
  const keys: (KeyId | null)[] = [];
  for (const line of playlist.split("\n")) {
    if (line.startsWith("#EXT-X-KEY:")) {
      const uri = /URI="([^"]+)"/.exec(line)?.[1];
      key = uri && !line.includes("METHOD=NONE") ? keyIdOf(uri) : null;
    } else if (line.startsWith("#EXTINF:")) keys.push(key);
  }
  if (keys.length === 0) return null;
  const newest = keys.slice(-FREE_SEGMENTS).findLast((found) => found !== null);
  return newest ?? "free";
}

export class Edge {
  #master = "";
  #variant = "";

  /** Looks at the leanest rendition of a master playlist. */
  async look(master: string): Promise<EdgeNow> {
    if (master !== this.#master || this.#variant === "") {
      const list = await text(master);
      const line = list?.split("\n").find((found) => found !== "" && !found.startsWith("#"));
      if (!line) return null;
      this.#master = master;
      this.#variant = new URL(line.trim(), new URL(master, location.href)).href;
    }
    const playlist = await text(this.#variant);
    if (playlist === null) this.#variant = "";
    return playlist === null ? null : readEdge(playlist);
  }
}

const EVERY_MS = 4_000;
const SOON_MS = 1_200;
const SOON_FOR_MS = 15_000;

/** Looks at the edge again and again while a live picture is shut away. */
export class EdgeGuard {
  readonly #edge = new Edge();
  #master: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #soonUntil = 0;

  constructor(readonly seen: (edge: Exclude<EdgeNow, null>) => void) {}

  start(master: string | null): void {
    this.#master = master;
    this.#schedule();
  }

  stop(): void {
    this.#master = null;
    clearTimeout(this.#timer);
  }

  /** Something was told: the change is about to be seen. */
  hurry(): void {
    if (this.#master === null) return;
    this.#soonUntil = Date.now() + SOON_FOR_MS;
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const every = Date.now() < this.#soonUntil ? SOON_MS : EVERY_MS;
    this.#timer = setTimeout(() => void this.#look(), every * (0.7 + Math.random() * 0.6));
  }

  async #look(): Promise<void> {
    const master = this.#master;
    if (master === null) return;
    const edge = document.hidden ? null : await this.#edge.look(master);
    if (this.#master !== master) return;
    this.#schedule();
    if (edge !== null) this.seen(edge);
  }
}
