// media-chrome's elements that the page uses, and the page's words for them.
import "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-airplay-button.js";
import "media-chrome/dist/media-captions-button.js";
import "media-chrome/dist/media-control-bar.js";
import "media-chrome/dist/media-fullscreen-button.js";
import "media-chrome/dist/media-loading-indicator.js";
import "media-chrome/dist/media-mute-button.js";
import "media-chrome/dist/media-pip-button.js";
import "media-chrome/dist/media-play-button.js";
import "media-chrome/dist/media-time-range.js";
import "media-chrome/dist/media-volume-range.js";
import { addTranslation, setLanguage } from "media-chrome/dist/utils/i18n.js";
import type { Say } from "./words";

/** Teaches media-chrome the page's words; it asks for them by their English form. */
export function teachWords(language: string, say: Say): void {
  const words: Record<string, string> = {
    play: say("player-play"),
    pause: say("player-pause"),
    mute: say("player-mute"),
    unmute: say("player-unmute"),
    volume: say("player-volume"),
    seek: say("player-position"),
    "playback time": say("player-position"),
    "media loading": say("player-loading"),
    "enter fullscreen mode": say("player-fullscreen"),
    "exit fullscreen mode": say("player-fullscreen-leave"),
    "enter picture in picture mode": say("player-pip"),
    "exit picture in picture mode": say("player-pip-leave"),
    "start airplay": say("player-airplay"),
    "stop airplay": say("player-airplay-stop"),
    "closed captions": say("player-captions-on"),
    "Enable captions": say("player-captions-on"),
    "Disable captions": say("player-captions-off"),
  };
  addTranslation(language, words as never);
  setLanguage(language);
}

/** Puts the controls of the page's template on screen; the video element is returned. */
export function mountControls(player: HTMLElement): HTMLVideoElement | null {
  const template = document.querySelector<HTMLTemplateElement>("#player-controls");
  const screen = player.querySelector<HTMLElement>("[data-screen]");
  if (!template || !screen) return null;
  screen.append(document.importNode(template.content, true));
  // Notices and the sound button stay visible in full screen.
  screen.querySelector("media-controller")?.setAttribute("fullscreenelement", player.id);
  // It says `aria-checked`, which a button may not.
  screen.querySelector("media-captions-button")?.setAttribute("role", "switch");
  return screen.querySelector("video");
}
