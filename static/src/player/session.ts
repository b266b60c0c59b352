// The system's own controls: what plays, with a picture, and its buttons.
import type { Player } from "./player";
import type { Facts } from "./facts";

const SIDE = 512;

/** A square drawn from the page's colours and letters: the system takes no SVG. */
function artwork(title: string): MediaImage[] {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const pen = canvas.getContext("2d");
  if (!pen) return [];
  pen.fillStyle = "#0b0d12";
  pen.fillRect(0, 0, SIDE, SIDE);
  for (const [colour, from, to] of [["#ff3b30", 0, 150], ["#2f80ff", 362, SIDE]] as const) {
    pen.globalAlpha = 0.9;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.moveTo(from + 46, 0);
    pen.lineTo(to + 46, 0);
    pen.lineTo(to - 46, SIDE);
    pen.lineTo(from - 46, SIDE);
    pen.fill();
  }
  pen.globalAlpha = 1;
  pen.fillStyle = "rgb(11 13 18 / 0.78)";
  pen.fillRect(0, 150, SIDE, 212);
  pen.fillStyle = "#f3f5f9";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  let size = 92;
  do {
    size -= 4;
    pen.font = `italic 800 ${size}px Display, "Arial Narrow", sans-serif`;
  } while (size > 28 && pen.measureText(title.toUpperCase()).width > SIDE - 60);
  pen.fillText(title.toUpperCase(), SIDE / 2, SIDE / 2);
  return [{ src: canvas.toDataURL("image/png"), sizes: `${SIDE}x${SIDE}`, type: "image/png" }];
}

/** Hands the player to the system; `fight` names what is on now. */
export function mountSession(player: Player, facts: Facts, play: () => void, fight: () => string): { tick(): void } {
  const { mediaSession } = navigator;
  if (!mediaSession || typeof MediaMetadata === "undefined") return { tick: () => undefined };
  let told: string | null = null;
  let pictures: MediaImage[] | null = null;
  const act = (name: MediaSessionAction, handler: MediaSessionActionHandler): void => {
    try {
      mediaSession.setActionHandler(name, handler);
    } catch {
      // An older browser that does not know this one.
    }
  };
  act("play", play);
  act("pause", () => player.video.pause());
  act("stop", () => player.video.pause());
  act("seekbackward", ({ seekOffset }) => player.step(-(seekOffset ?? 10)));
  act("seekforward", ({ seekOffset }) => player.step(seekOffset ?? 10));
  act("seekto", ({ seekTime }) => {
    if (player.mode !== "live" && seekTime !== undefined) player.video.currentTime = seekTime;
  });
  return {
    tick() {
      const artist = fight();
      if (told !== artist) {
        told = artist;
        pictures ??= artwork(facts.title);
        mediaSession.metadata = new MediaMetadata({ title: facts.title, artist, artwork: pictures });
      }
      const { duration, currentTime, playbackRate } = player.video;
      // A live picture has no length to show.
      if (player.mode === "replay" && Number.isFinite(duration) && currentTime <= duration) {
        mediaSession.setPositionState({ duration, position: currentTime, playbackRate });
      } else mediaSession.setPositionState();
    },
  };
}
