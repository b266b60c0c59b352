// How far behind the edge a line can keep up: a slow one needs more room than two segments.

/** Of a segment's length; loading that takes longer wants more room. */
const EASY = 0.35;
const MOST_MORE = 1.5;
const STALL_S = 1;
const STALLS_MOST_S = 2;

export class Pace {
  #share = 0;
  #far = 0;
  #stalls = 0;

  /** The first playlist, a few bytes, took so long: known before the place to start is chosen. */
  answered(tookMs: number): void {
    this.#far = Math.min(0.6, Math.max(0, (tookMs - 120) / 200));
  }

  /** A segment of `seconds` took so long to come. */
  loaded(seconds: number, tookMs: number): void {
    const share = Math.min(2, tookMs / 1_000 / Math.max(0.5, seconds));
    this.#share = this.#share === 0 ? share : this.#share * 0.7 + share * 0.3;
  }

  /** The picture stood for want of data. */
  stalled(): void {
    this.#stalls = Math.min(STALLS_MOST_S, this.#stalls + STALL_S);
  }

  /** Seconds to stay behind the edge, for segments of so many seconds. */
  target(segment: number): number {
    const more = Math.min(MOST_MORE, Math.max(this.#far, (this.#share - EASY) * 2));
    return segment * (2 + more) + this.#stalls;
  }
}
