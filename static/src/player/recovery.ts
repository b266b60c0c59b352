// The order of measures after a fatal error, each tried with more patience than the last.

export interface Measures {
  /** Asks for the same playlists again. */
  reload(): void;
  /** Gives the decoder the same data again. */
  repair(): void;
  /** Like repair, with the other audio codec. */
  swap(): void;
  /** A fresh player on the same address. */
  rebuild(): void;
  /** Whether viewers should be told. */
  failing(failing: boolean): void;
}

const MEDIA_WINDOW_MS = 10_000;
const WAIT_MAX_MS = 4_000;
const TELL_AFTER = 3;

export class Ladder {
  /** Measures since the picture last moved. */
  tries = 0;
  #mediaAt = 0;
  #mediaTries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly measures: Measures) {}

  /** A network error; `empty` when not even the master playlist is known. */
  network(empty: boolean): void {
    this.#later(empty || this.tries >= 2 ? this.measures.rebuild : this.measures.reload);
  }

  /** A decoder error. */
  media(): void {
    const now = Date.now();
    this.#mediaTries = now - this.#mediaAt < MEDIA_WINDOW_MS ? this.#mediaTries + 1 : 1;
    this.#mediaAt = now;
    if (this.#mediaTries === 1) this.measures.repair();
    else if (this.#mediaTries === 2) this.measures.swap();
    else this.#later(this.measures.rebuild);
  }

  /** Anything else. */
  other(): void {
    this.#later(this.measures.rebuild);
  }

  /** The picture stands still though data may be there. */
  stalled(): void {
    this.#later(this.measures.rebuild);
  }

  /** Data came. */
  loaded(): void {
    if (this.tries >= TELL_AFTER) this.measures.failing(false);
  }

  /** The picture moves: all is well. */
  moving(): void {
    if (this.tries > 0) this.measures.failing(false);
    this.tries = 0;
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.tries = 0;
  }

  #later(measure: () => void): void {
    if (this.#timer !== undefined) return;
    const wait = Math.min(WAIT_MAX_MS, 500 * 2 ** this.tries) * (0.6 + Math.random() * 0.8);
    this.tries += 1;
    if (this.tries >= TELL_AFTER) this.measures.failing(true);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      measure();
    }, wait);
  }
}
