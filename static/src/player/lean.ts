// A ceiling for the picture's height, beside the size of the player that hls.js looks at by itself.
import Hls, { type HlsConfig } from "hls.js";

const BySize = Hls.DefaultConfig.capLevelController as NonNullable<HlsConfig["capLevelController"]>;

let mostHeight = Number.POSITIVE_INFINITY;
let current: LeanLevels | null = null;

/** The levels that fit the player and the ceiling. */
export class LeanLevels extends BySize {
  readonly #hls: Hls;

  constructor(hls: Hls) {
    super(hls);
    this.#hls = hls;
    current = this;
  }

  override getMaxLevel(index: number): number {
    const fit = this.#hls.levels.findLastIndex(({ height }) => height <= mostHeight);
    return super.getMaxLevel(Math.min(index, Math.max(0, fit)));
  }

  override destroy(): void {
    if (current === this) current = null;
    super.destroy();
  }
}

/** Nothing taller than this is chosen by itself from now on. */
export function capHeight(height: number): void {
  mostHeight = height;
  fitNow();
}

/** Fits the levels to the player now: hls.js learns its size only after the first segment has been chosen. */
export function fitNow(): void {
  current?.detectPlayerSize();
}
