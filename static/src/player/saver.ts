// Saving data: a ceiling of 480 lines, offered once where the line is slow, switched in the quality menu.
import { capHeight } from "./lean";
import { rememberedPicture, rememberPicture } from "./memory";

export const SAVER_HEIGHT = 480;
const SLOW_BITS = 1_200_000;
/** The line is judged by what has come over it for a while, not by the first guess. */
const JUDGED_AFTER_MS = 12_000;

interface Connection {
  saveData?: boolean;
  effectiveType?: string;
}

/** What the saver asks of the picture. */
export interface Line {
  /** What the line carries, bit/s; null: nobody measures. */
  readonly bandwidth: number | null;
}

export class Saver {
  #on: boolean;
  #playedMs = 0;
  #lastTickMs = 0;
  #hasTaller = false;
  /** Once seen, the line counts as slow: an offer that comes and goes helps nobody. */
  #slow = false;
  #choice = rememberedPicture().saver;

  constructor(
    readonly root: HTMLElement,
    readonly line: Line,
    /** It was switched by hand. */
    readonly switched: (on: boolean) => void,
  ) {
    this.#on = this.#choice === "on";
    this.#apply();
    root.querySelector("[data-saver-yes]")?.addEventListener("click", () => this.turn(true));
    root.querySelector("[data-saver-no]")?.addEventListener("click", () => this.#answer("no"));
  }

  get on(): boolean {
    return this.#on;
  }

  /** Whether there is anything to save. */
  get offered(): boolean {
    return this.#hasTaller;
  }

  /** Heights on offer. */
  levels(heights: number[]): void {
    this.#hasTaller = heights.some((height) => height > SAVER_HEIGHT) && heights.some((height) => height <= SAVER_HEIGHT);
  }

  turn(on: boolean): void {
    this.#on = on;
    this.#answer(on ? "on" : "no");
    this.#apply();
    this.switched(on);
  }

  /** Called while there is a picture, a few times a second. */
  tick(): void {
    const now = Date.now();
    this.#playedMs += Math.min(1_000, Math.max(0, now - this.#lastTickMs));
    this.#lastTickMs = now;
    this.#slow ||= this.#isSlow();
    const notice = this.root.querySelector<HTMLElement>("[data-saver-offer]");
    if (notice) notice.hidden = !(this.#choice === "ask" && this.#hasTaller && this.#slow);
  }

  #isSlow(): boolean {
    const { connection } = navigator as Navigator & { connection?: Connection };
    if (connection?.saveData || /2g|^3g$/.test(connection?.effectiveType ?? "")) return true;
    return this.#playedMs > JUDGED_AFTER_MS && this.line.bandwidth !== null && this.line.bandwidth < SLOW_BITS;
  }

  #answer(choice: "on" | "no"): void {
    this.#choice = choice;
    rememberPicture({ saver: choice });
    const notice = this.root.querySelector<HTMLElement>("[data-saver-offer]");
    if (notice) notice.hidden = true;
  }

  #apply(): void {
    capHeight(this.#on ? SAVER_HEIGHT : Number.POSITIVE_INFINITY);
    this.root.toggleAttribute("data-saving", this.#on);
  }
}
