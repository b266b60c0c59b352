// What the page tells the player.
import type { SheetFacts } from "../crowd/sheet";
import type { Poll } from "../polls/poll";

/** A finished recording: of one fight, named by its number, or of the whole event, `all`. */
export interface Replay {
  name: string;
  address: string;
}

/** Where an event's playlists are. */
export interface Playback {
  master: string | null;
  dvr: string | null;
  replays: Replay[];
}

/** What the event is to a viewer. */
export type Phase = "soon" | "live" | "interrupted" | "ended";

/** A fight of the card, as it was when the page was made. */
export interface SaleFight {
  id: string;
  number: number;
  /** Weight class or billing; may be empty. */
  title: string;
  red: string;
  blue: string;
  /** 0: free. */
  price_coins: number;
}

/** What is sold, to whom, and where the ways lead. */
export interface Sale {
  signed_in: boolean;
  /** The fight whose card the page was made with. */
  ahead: number | null;
  /** The watermark's words; null: nobody is signed in. */
  handle: string | null;
  fights: SaleFight[];
  sign_in: string;
  register: string;
  /** The shop, which leads back here. */
  coins: string;
  /** The event's page. */
  event: string;
}

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
  sale: Sale;
  support: SheetFacts;
  /** The viewer's coins, where they are known. */
  coins: number | null;
  polls: Poll[];
  words: Record<string, string>;
}

/** A fight as the API tells it. */
export interface Fight {
  id: string;
  number: number;
  status: "scheduled" | "live" | "ended";
  /** 0: free. */
  price_coins: number;
  /** Free, or the viewer has it. */
  unlocked: boolean;
}

/** An event as the API tells it. */
export interface EventState {
  status: string;
  stream: string;
  /** How many watch. */
  viewers: number;
  fights: Fight[];
}

/** Reads the page's facts block. */
export function readFacts(root: Document): Facts | null {
  const text = root.getElementById("watch-facts")?.textContent;
  return text ? (JSON.parse(text) as Facts) : null;
}
