// With the browser's own player: what is on screen in a live picture, read off the playlist, since the player tells nobody.
import { EdgeGuard } from "./edge";
import type { KeyId } from "./keyid";

/** What the newest segments are is on screen about two segments later. */
const ON_SCREEN_AFTER_MS = 4_000;

/** Looks at the playlist while something sold is on, and until it is free again. */
export class OwnPlayerWatch {
  readonly #guard = new EdgeGuard((edge) => this.#seen(edge === "free" ? null : edge));
  #master: string | null = null;
  #key: KeyId | null = null;
  #sinceMs = 0;

  /** The key of what is on screen; null: free, or nobody could say. */
  get onScreen(): KeyId | null {
    return Date.now() - this.#sinceMs >= ON_SCREEN_AFTER_MS ? this.#key : null;
  }

  /** `sold`: something sold is said to be on. */
  tick(master: string, sold: boolean): void {
    const wanted = sold || this.#key !== null ? master : null;
    if (wanted === this.#master) return;
    this.#master = wanted;
    if (wanted === null) this.#guard.stop();
    else {
      this.#guard.start(wanted);
      this.#guard.hurry();
    }
  }

  stop(): void {
    this.#master = null;
    this.#key = null;
    this.#guard.stop();
  }

  #seen(key: KeyId | null): void {
    if (key?.fight !== this.#key?.fight) this.#sinceMs = Date.now();
    this.#key = key;
  }
}
