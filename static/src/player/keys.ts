// The keyboard of the player, and double taps.

export interface Acts {
  togglePlay(): void;
  /** Seconds, negative goes back. */
  step(seconds: number): void;
  /** Tenths of the whole broadcast, 0 is its start. */
  tenth(tenth: number): void;
  goLive(): void;
  toggleMute(): void;
  toggleFullscreen(): void;
  togglePip(): void;
  toggleCaptions(): void;
  volume(change: number): void;
}

const WRITING = "input, textarea, select, [contenteditable]";
const OWN_SPACE = "button, a, summary, [role='button'], [role='menuitemradio'], media-play-button, media-mute-button, media-fullscreen-button, media-pip-button, media-airplay-button, media-captions-button";

function act(key: string, acts: Acts): boolean {
  if (/^[0-9]$/.test(key)) acts.tenth(Number(key));
  else if (key === " " || key === "k") acts.togglePlay();
  else if (key === "j" || key === "ArrowLeft") acts.step(-10);
  else if (key === "l" || key === "ArrowRight") acts.step(10);
  else if (key === "Home") acts.tenth(0);
  else if (key === "End") acts.goLive();
  else if (key === "m") acts.toggleMute();
  else if (key === "f") acts.toggleFullscreen();
  else if (key === "i") acts.togglePip();
  else if (key === "c") acts.toggleCaptions();
  else if (key === "ArrowUp" || key === "ArrowDown") acts.volume(key === "ArrowUp" ? 0.05 : -0.05);
  else return false;
  return true;
}

/** Letters and digits work anywhere on the page; keys that scroll only inside the player. */
export function listenToKeys(player: HTMLElement, acts: Acts): void {
  document.addEventListener("keydown", (pressed) => {
    if (pressed.defaultPrevented || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
    const [inner] = pressed.composedPath();
    const target = pressed.target instanceof Element ? pressed.target : null;
    if (inner instanceof Element && inner.matches(WRITING) && inner.getAttribute("type") !== "range") return;
    const inside = target !== null && player.contains(target);
    const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
    const scrolls = /^(Arrow|Home$|End$)/.test(key) || key === " ";
    if (scrolls && !inside && !(key === " " && target === document.body)) return;
    if ((key === " " || key === "Enter") && target?.closest(OWN_SPACE)) return;
    // A volume bar in focus keeps its own arrows.
    if (key.startsWith("Arrow") && target?.closest("media-volume-range")) return;
    if (act(key, acts)) pressed.preventDefault();
  });
}

const DOUBLE_MS = 300;

/** Double taps on the sides go back and on; a mouse click plays or pauses, a double click fills the screen. */
export function listenToTaps(player: HTMLElement, acts: Acts): void {
  let last = { at: 0, side: 0 };
  player.addEventListener("pointerup", (lifted) => {
    const target = lifted.target as Element | null;
    if (!target?.matches("media-controller, video, .player-screen, .freeze") || lifted.button !== 0) return;
    if (lifted.pointerType === "mouse") {
      acts.togglePlay();
      return;
    }
    const box = player.getBoundingClientRect();
    const part = (lifted.clientX - box.left) / box.width;
    const side = part < 0.36 ? -1 : part > 0.64 ? 1 : 0;
    const now = performance.now();
    if (side !== 0 && side === last.side && now - last.at < DOUBLE_MS) {
      acts.step(side * 10);
      leap(player, side);
    }
    last = { at: now, side };
  });
  player.addEventListener("dblclick", (clicked) => {
    const target = clicked.target as Element | null;
    if (target?.matches("media-controller, video") && matchMedia("(pointer: fine)").matches) acts.toggleFullscreen();
  });
}

/** Shows how far a double tap went. */
function leap(player: HTMLElement, side: number): void {
  const mark = document.createElement("span");
  mark.className = "leap";
  mark.dataset["side"] = side < 0 ? "back" : "on";
  mark.textContent = side < 0 ? "−10" : "+10";
  mark.setAttribute("aria-hidden", "true");
  mark.addEventListener("animationend", () => mark.remove());
  player.append(mark);
  mark.toggleAttribute("data-shown", true);
}
