// AirPlay beside a managed media source: a receiver plays HLS by itself and cannot take what hls.js feeds the page. WebKit
// wants a second source that it may hand over (https://webkit.org/blog/15036/how-to-use-media-source-extensions-with-airplay/).

/** Whether this browser knows receivers, and the media source that may stand beside another one. */
export const KNOWS_AIRPLAY = "WebKitPlaybackTargetAvailabilityEvent" in globalThis && "ManagedMediaSource" in globalThis;

interface AirPlayVideo extends HTMLVideoElement {
  webkitCurrentPlaybackTargetIsWireless?: boolean;
}

export interface AirPlayEvents {
  /** A receiver plays: nothing is fetched here. */
  left(): void;
  /** The picture is this page's again. */
  back(): void;
}

export class AirPlay {
  readonly #video: AirPlayVideo;
  #source: HTMLSourceElement | null = null;
  #told = false;

  constructor(video: HTMLVideoElement, events: AirPlayEvents) {
    this.#video = video;
    video.addEventListener("webkitcurrentplaybacktargetiswirelesschanged", () => {
      const { away } = this;
      if (away === this.#told) return;
      this.#told = away;
      if (away) events.left();
      else events.back();
    });
  }

  /** A receiver shows the picture. */
  get away(): boolean {
    return this.#video.webkitCurrentPlaybackTargetIsWireless === true;
  }

  /** Once the media source is open: before that WebKit takes `disableRemotePlayback` as its leave to open it. */
  offer(url: string): void {
    if (!KNOWS_AIRPLAY) return;
    this.#source?.remove();
    this.#source = document.createElement("source");
    this.#source.type = "application/x-mpegURL";
    this.#source.src = url;
    this.#video.append(this.#source);
    this.#video.disableRemotePlayback = false;
  }

  /** The source is over. A receiver may have put its own in the place of the page's: then nobody else clears it. */
  withdraw(): void {
    if (!this.#source) return;
    this.#source = null;
    for (const source of this.#video.querySelectorAll("source")) source.remove();
    this.#video.load();
  }
}
