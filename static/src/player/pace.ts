// How far behind the edge a line can keep up: a slow one needs more room than two segments.

/** Of a segment's length; loading that takes longer wants more room. */
const EASY = 0.35;
const MOST_MORE = 1.5;
const FAR_MOST = 0.6;
const SLOW = 0.3;
/** Files of the page smaller than this say nothing of the line. */
const TELLING_BYTES = 30_000;
const STALL_S = 1;
const STALLS_MOST_S = 2;

/** What the line carried of the page's own files, bit/s; null: they came from the cache. */
function lineOfThePage(): number | null {
  const rates = (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
    .filter(({ transferSize, responseStart }) => transferSize >= TELLING_BYTES && responseStart > 0)
    .map(({ transferSize, responseStart, responseEnd }) => (transferSize * 8_000) / Math.max(1, responseEnd - responseStart));
  return rates.length > 0 ? Math.max(...rates) : null;
}

export class Pace {
  #share = 0;
  #far = 0;
  #stalls = 0;

  /**
   * The first playlist, a few bytes, took so long, and its leanest level needs so many bit/s: known before the place to
   * start is chosen.
   */
  answered(tookMs: number, leanest: number): void {
    const far = Math.min(FAR_MOST, Math.max(0, (tookMs - 120) / 200));
    const line = lineOfThePage();
    const narrow = line === null ? 0 : Math.min(MOST_MORE, Math.max(0, (leanest / line - EASY) * 2));
    this.#far = Math.max(far, narrow);
  }

  /** Whether a whole segment is wanted before the next one is here. */
  get slow(): boolean {
    return this.#far > SLOW;
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
