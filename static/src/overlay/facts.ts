// What the page hands over, and what the producer wrote in the address.

export interface Tier {
  name: string;
  from_coins: number;
  color: string;
  max_chars: number;
  hold_ms: number;
}

export interface OverlayFacts {
  kind: string;
  slug: string;
  api: string;
  nodes: string[];
  probe_timeout_ms: number;
  spread_window_ms: number;
  /** It carries the event's key: the broadcast's own page. */
  own: boolean;
  tiers: Tier[];
  words: Record<string, string>;
}

const POSITIONS = ["top-left", "top-right", "bottom-left", "bottom-right"] as const;

export interface Wishes {
  /** Time of the lowest tier; null: as configured. */
  holdMs: number | null;
  /** Alerts at once. */
  max: number;
  position: (typeof POSITIONS)[number];
  sound: boolean;
  speech: boolean;
  test: boolean;
}

function whole(text: string | null, least: number, most: number): number | null {
  const number = text === null ? Number.NaN : Number.parseInt(text, 10);
  return Number.isFinite(number) ? Math.min(most, Math.max(least, number)) : null;
}

/** What a wish leaves out or misspells stays as it is. */
export function readWishes(query: string): Wishes {
  const asked = new URLSearchParams(query);
  const position = POSITIONS.find((known) => known === asked.get("position"));
  return {
    holdMs: whole(asked.get("holdMs"), 50, 120_000),
    max: whole(asked.get("max"), 1, 5) ?? 1,
    position: position ?? "bottom-left",
    sound: asked.get("sound") !== "0",
    speech: asked.get("tts") === "1",
    test: asked.get("test") === "1",
  };
}

export function readFacts(): OverlayFacts | null {
  const text = document.getElementById("overlay-facts")?.textContent;
  return text ? (JSON.parse(text) as OverlayFacts) : null;
}
