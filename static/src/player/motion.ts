// What the picture does: whether there is one, whether it stands, whether the browser wants a press first.
import { Over } from "./over";
import { rememberedSound, rememberSound } from "./sound";

const STALL_TOLD_MS = 2_500;
/** Less than this is a clock that settles, not a picture that moves. */
const MOVED_S = 0.25;

export class Motion {
  /** There is a picture. */
  picture = false;
  /** Measures do not help. */
  failing = false;
  /** The browser wants a press first. */
  refused = false;
  /** The sound is off only because the browser insisted. */
  autoMuted = false;
  /** What is played has come to its end. */
  readonly over: Over;
  #stalledAt = 0;
  /** Where it stood then, or where a jump put it since, in seconds. */
  #stalledFrom = 0;

  constructor(
    readonly video: HTMLVideoElement,
    readonly changed: () => void,
  ) {
    this.over = new Over(video);
    const sound = rememberedSound();
    video.volume = sound.volume;
    video.muted = sound.muted;
    video.addEventListener("playing", () => {
      this.picture = true;
      this.refused = false;
      this.failing = false;
      this.#stalledAt = 0;
      changed();
    });
    video.addEventListener("waiting", () => {
      if (this.#stalledAt > 0) return;
      this.#stalledAt = Date.now();
      this.#stalledFrom = video.currentTime;
    });
    // A jump is no proof that the picture moves.
    video.addEventListener("seeking", () => {
      this.#stalledFrom = video.currentTime;
    });
    video.addEventListener("timeupdate", () => this.#advance());
    video.addEventListener("ended", changed);
    video.addEventListener("volumechange", () => {
      if (!video.muted) this.autoMuted = false;
      if (!this.autoMuted) rememberSound(video);
    });
  }

  /** The source is gone, and its picture with it. */
  gone(): void {
    this.picture = false;
    this.failing = false;
    this.#stalledAt = 0;
  }

  /** Takes a stall back. The position counts beside `readyState`: WebKit's player on GStreamer may stay below 3
   * for as long as it plays. */
  #advance(): void {
    const { currentTime, readyState, seeking } = this.video;
    if (readyState >= 3 || (!seeking && currentTime - this.#stalledFrom >= MOVED_S)) this.#stalledAt = 0;
  }

  unmute(): void {
    this.video.muted = false;
    if (this.video.volume === 0) this.video.volume = 1;
    this.autoMuted = false;
  }

  /** It should move, and has nothing to show. */
  get starved(): boolean {
    return this.#stalledAt > 0 && this.video.readyState < 3;
  }

  /** It has stood for so long that viewers should be told. */
  get stalled(): boolean {
    return this.#stalledAt > 0 && Date.now() - this.#stalledAt > STALL_TOLD_MS && !this.video.paused;
  }

  get moving(): boolean {
    return this.picture && !this.video.paused && !this.over.now;
  }
}
