// Keeps the last frame on screen while one source replaces another.

/** Covers the video with its current frame until it plays again. */
export function freeze(video: HTMLVideoElement, screen: HTMLElement): void {
  if (video.readyState < 2 || video.videoWidth === 0) return;
  unfreeze(screen);
  const frame = document.createElement("canvas");
  frame.className = "freeze";
  frame.width = video.videoWidth;
  frame.height = video.videoHeight;
  frame.setAttribute("aria-hidden", "true");
  try {
    frame.getContext("2d")?.drawImage(video, 0, 0);
  } catch {
    return;
  }
  video.after(frame);
  frame.slot = "poster";
  const thaw = (): void => {
    if (video.readyState < 3 || video.seeking) return;
    frame.remove();
    video.removeEventListener("playing", thaw);
    video.removeEventListener("seeked", thaw);
  };
  video.addEventListener("playing", thaw);
  video.addEventListener("seeked", thaw);
}

/** Takes the frame away. */
export function unfreeze(screen: HTMLElement): void {
  screen.querySelector(".freeze")?.remove();
}
