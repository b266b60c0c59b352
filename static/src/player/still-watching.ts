// "Still watching?": who has gone away is not streamed to. Asked after 45 minutes without a sign of life, or after two
// minutes out of sight, unless the picture or the sound goes on somewhere else.

const IDLE_MS = 45 * 60_000;
const HIDDEN_MS = 2 * 60_000;
const LOOK_MS = 5_000;

// Not `scroll`: lists scroll by themselves when something is put above what is seen.
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

/** What rests. */
export interface Restful {
  rest(): void;
  wake(): void;
}

interface Elsewhere extends HTMLVideoElement {
  webkitPresentationMode?: string;
  webkitCurrentPlaybackTargetIsWireless?: boolean;
}

export class StillWatching {
  #seenAt = Date.now();
  #hiddenAt: number | null = document.hidden ? Date.now() : null;
  /** The viewer pressed play while the page was out of sight: they are listening. */
  #listening = false;
  #asking = false;
  readonly #dialog: HTMLElement;
  readonly #button: HTMLElement;
  #before: Element | null = null;

  constructor(
    readonly root: HTMLElement,
    readonly video: HTMLVideoElement,
    readonly player: Restful,
    readonly news: (asking: boolean) => void,
  ) {
    const [dialog, button] = [root.querySelector<HTMLElement>("[data-resting]"), root.querySelector<HTMLElement>("[data-go-on]")];
    if (!dialog || !button) throw new Error("the question is not in the page");
    this.#dialog = dialog;
    this.#button = button;
    button.addEventListener("click", () => this.goOn());
    for (const sign of SIGNS) addEventListener(sign, () => this.seen(), { passive: true, capture: true });
    let [x, y] = [Number.NaN, Number.NaN];
    addEventListener(
      "pointermove",
      ({ screenX, screenY }) => {
        // Browsers also say so when the page moves under a pointer that rests.
        if (screenX !== x || screenY !== y) this.seen();
        [x, y] = [screenX, screenY];
      },
      { passive: true, capture: true },
    );
    document.addEventListener("visibilitychange", () => this.#visibility());
    // Played some other way, by the system's own button for instance: an answer too.
    video.addEventListener("play", () => {
      if (document.hidden) this.#listening = true;
      this.seen();
      if (this.#asking) this.#close();
    });
    setInterval(() => this.#look(), LOOK_MS);
  }

  get asking(): boolean {
    return this.#asking;
  }

  /** A sign of life. */
  seen(): void {
    this.#seenAt = Date.now();
  }

  /** The answer: yes. */
  goOn(): void {
    if (!this.#asking) return;
    this.#close();
    this.seen();
    this.player.wake();
  }

  #close(): void {
    this.#asking = false;
    const focused = this.#dialog.contains(document.activeElement);
    this.#dialog.hidden = true;
    this.root.removeAttribute("data-resting-now");
    this.news(false);
    if (focused && this.#before instanceof HTMLElement) this.#before.focus({ preventScroll: true });
  }

  #visibility(): void {
    if (document.hidden) {
      this.#hiddenAt = Date.now();
      return;
    }
    this.#hiddenAt = null;
    this.#listening = false;
    this.seen();
    if (this.#asking) this.#focus();
  }

  /** The picture, or the sound, goes on where this page is not seen. */
  #isElsewhere(): boolean {
    const video = this.video as Elsewhere;
    return (
      document.pictureInPictureElement === video ||
      video.webkitPresentationMode === "picture-in-picture" ||
      video.webkitCurrentPlaybackTargetIsWireless === true ||
      video.remote?.state === "connected" ||
      (this.#listening && !video.paused)
    );
  }

  #look(): void {
    // Nothing is streamed to a page that waits for the start, is shut, or is over.
    if (this.#asking || !this.root.hasAttribute("data-picture") || (this.root.dataset["gate"] ?? "open") !== "open") return;
    if (this.root.dataset["state"] === "ended") return;
    const now = Date.now();
    const hidden = this.#hiddenAt !== null && now - this.#hiddenAt >= HIDDEN_MS && !this.#isElsewhere();
    if (hidden || now - this.#seenAt >= IDLE_MS) this.#ask();
  }

  #ask(): void {
    this.#asking = true;
    this.player.rest();
    this.root.setAttribute("data-resting-now", "");
    this.#dialog.hidden = false;
    this.news(true);
    if (!document.hidden) this.#focus();
  }

  #focus(): void {
    this.#before = document.activeElement;
    this.#button.focus({ preventScroll: true });
  }
}
