// Whether the browser lets a picture start by itself.

/** With sound, else without; nothing is fetched for the answer. */
export type Permission = "sound" | "muted" | "refused";

const REFUSED_WITHIN_MS = 200;

/** Asks the browser; a video that had to be muted for a yes stays so. */
export async function mayPlay(video: HTMLVideoElement): Promise<Permission> {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  if (connection?.saveData) return "refused";
  if (await tryPlay(video)) return "sound";
  if (video.muted) return "refused";
  video.muted = true;
  if (await tryPlay(video)) return "muted";
  video.muted = false;
  return "refused";
}

/** Whether an error of `play()` is the browser's no. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotAllowedError";
}

/** A refusal comes at once; a promise still open after a moment waits for data only. */
function tryPlay(video: HTMLVideoElement): Promise<boolean> {
  const refused = video.play().then(() => false, isRefusal);
  const waited = new Promise<boolean>((done) => setTimeout(() => done(false), REFUSED_WITHIN_MS));
  return Promise.race([refused, waited]).then((no) => !no);
}
