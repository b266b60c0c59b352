// What the page tells the player.

/** Where an event's playlists are. */
export interface Playback {
  master: string | null;
  dvr: string | null;
  replays: { name: string; address: string }[];
}

/** What the event is to a viewer. */
export type Phase = "soon" | "live" | "interrupted" | "ended";

export interface Facts {
  slug: string;
  title: string;
  phase: Phase;
  starts_at_ms: number;
  playback: Playback;
  /** Scheme and host of the API; empty: the page's origin. */
  api: string;
  nodes: string[];
  probe_timeout_ms: number;
  spread_window_ms: number;
  words: Record<string, string>;
}

/** A fight as the API tells it. */
export interface Fight {
  number: number;
  status: "scheduled" | "live" | "ended";
}

/** An event as the API tells it. */
export interface EventState {
  status: string;
  stream: string;
  fights: Fight[];
}

/** Reads the page's facts block. */
export function readFacts(root: Document): Facts | null {
  const text = root.getElementById("watch-facts")?.textContent;
  return text ? (JSON.parse(text) as Facts) : null;
}
