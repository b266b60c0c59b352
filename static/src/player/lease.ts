// This device's place among those of the account: asked for when sold content is played, kept by a heartbeat.
import type { Nodes } from "./nodes";

interface LeaseAnswer {
  lease: "held" | "lost";
  ttl_ms: number;
  beat_ms: number;
  devices: number;
  rotation_ms: number;
  pass: boolean;
  /** Numbers of the fights that are open to the viewer. */
  open: number[];
}

/** Null: nobody could say. */
export type Place = "held" | "lost" | "signed-out" | null;

export interface LeaseEvents {
  /** Another device took the place, or nobody is signed in any more. */
  gone(place: "lost" | "signed-out"): void;
}

const TIMEOUT_MS = 6_000;
const BEAT_MS = 25_000;
const TRY_AGAIN_MS = 5_000;
/** Without need for so long the place is left to run out. */
const IDLE_MS = 40_000;

export class Lease {
  #answer: LeaseAnswer | null = null;
  #place: Place = null;
  #asked: Promise<Place> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #neededAt = 0;
  #pressed = false;

  constructor(
    readonly slug: string,
    readonly nodes: Nodes,
    readonly events: LeaseEvents,
  ) {}

  /** Milliseconds between two keys; null while never told. */
  get rotationMs(): number | null {
    return this.#answer?.rotation_ms ?? null;
  }

  /** Whether a fight is open to the viewer by the last answer; null while never told. */
  opens(fight: number): boolean | null {
    return this.#answer && (this.#answer.pass || this.#answer.open.includes(fight));
  }

  /** The viewer pressed something: the next claim takes a place from the device that took one before. */
  pressed(): void {
    this.#pressed = true;
  }

  /** Whether a press waits for its claim. */
  get claims(): boolean {
    return this.#pressed;
  }

  /** Sold content is played, or about to be: asks for a place where none is held, and keeps it. */
  need(): Promise<Place> {
    this.#neededAt = Date.now();
    if (this.#asked) return this.#asked;
    const settled = this.#timer !== undefined || this.#place === "lost" || this.#place === "signed-out";
    if (settled && !this.#pressed) return Promise.resolve(this.#place);
    return this.#ask();
  }

  /** What was said against it may have changed: the next need asks. */
  forget(): void {
    if (this.#place !== "held") this.#place = null;
  }

  /** Asks now, whatever was said before. */
  again(): Promise<Place> {
    this.#neededAt = Date.now();
    return this.#asked ? this.#asked.then(() => this.#ask()) : this.#ask();
  }

  /** The picture is over: the place is left to run out. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#place === "held") this.#place = null;
  }

  #ask(): Promise<Place> {
    this.#asked ??= this.#request(this.#pressed).finally(() => {
      this.#asked = null;
    });
    return this.#asked;
  }

  async #request(take: boolean): Promise<Place> {
    clearTimeout(this.#timer);
    this.#pressed = false;
    const before = this.#place;
    try {
      const reply = await fetch(`${await this.nodes.base()}/api/v1/events/${this.slug}/lease`, {
        method: "POST",
        credentials: "include",
        cache: "no-store",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ take }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (reply.ok) {
        this.#answer = (await reply.json()) as LeaseAnswer;
        this.#place = this.#answer.lease;
      } else if (reply.status === 401) this.#place = "signed-out";
      else if (reply.status >= 500) this.nodes.failed();
      if (reply.ok || reply.status === 401) return this.#settle(before);
    } catch {
      this.nodes.failed();
    }
    // Nobody could say: what was held goes on, and a press is not forgotten.
    this.#pressed ||= take;
    this.#beatAfter(TRY_AGAIN_MS);
    return null;
  }

  #settle(before: Place): Place {
    this.#timer = undefined;
    const place = this.#place;
    if (place === "held") this.#beatAfter(this.#answer?.beat_ms ?? BEAT_MS);
    else if (place !== null && place !== before) this.events.gone(place);
    return place;
  }

  #beatAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (Date.now() - this.#neededAt < IDLE_MS) void this.#ask();
        else this.leave();
      },
      ms * (0.8 + Math.random() * 0.3),
    );
  }
}
