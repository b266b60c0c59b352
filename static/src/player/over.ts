// Whether what a video plays has come to its end.

/**
 * By the event and not by `video.ended`: WebKit's GStreamer player takes the position for the length of a live stream, and
 * says "ended" of a picture that moves.
 */
export class Over {
  #over = false;

  constructor(video: HTMLVideoElement) {
    video.addEventListener("ended", () => {
      this.#over = true;
    });
    for (const name of ["playing", "seeking", "emptied"]) {
      video.addEventListener(name, () => {
        this.#over = false;
      });
    }
  }

  get now(): boolean {
    return this.#over;
  }
}
