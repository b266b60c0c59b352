// The player's surroundings: notices, buttons and bars wired to the player.
import { mountLocked } from "../locked/mount";
import { mountControls, teachWords } from "./chrome";
import { mountComforts, type Comforts } from "./comforts";
import type { Facts, Playback } from "./facts";
import { listenToKeys, listenToTaps, type Acts } from "./keys";
import { Player, type State } from "./player";
import { QualityMenu } from "./quality";
import type { Say } from "./words";

function find(root: ParentNode, selector: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`${selector} is not in the page`);
  return found;
}

/** `m:ss`, with hours where there are any. */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Title and detail of a notice; null: nothing to say. */
function noticeOf(state: State, say: Say, recorded: boolean): [string, string] | null {
  switch (state) {
    case "soon":
      return [say("player-soon"), ""];
    case "waiting":
      return [say("player-waiting"), say("player-waiting-detail")];
    case "starting":
      return [say("player-starting"), ""];
    case "buffering":
      return [say("player-buffering"), ""];
    case "interrupted":
      return [say("player-interrupted"), say("player-interrupted-detail")];
    case "ended":
      return [say("player-ended"), recorded ? say("player-replay-detail") : say("player-ended-detail")];
    case "failed":
      return [say("player-failed"), say("player-failed-detail")];
    case "unsupported":
      return [say("player-unsupported"), say("player-unsupported-detail")];
    default:
      return null;
  }
}

/** What the player asks of the event's feed. */
export interface Questions {
  playback(): Promise<Playback | null>;
  ask(): Promise<boolean>;
}

/** Builds the player into the page. */
export function buildStage(root: HTMLElement, facts: Facts, say: Say, feed: () => Questions): Player {
  teachWords(document.documentElement.lang, say);
  const video = mountControls(root);
  if (!video) throw new Error("the player's template is not in the page");
  const notice = { title: find(root, "[data-notice-title]"), detail: find(root, "[data-notice-detail]") };
  const dateLine = notice.detail.textContent ?? "";
  const buttons = {
    replay: find(root, "[data-replay]"),
    bigPlay: find(root, "[data-big-play]"),
    sound: find(root, "[data-sound]"),
    goLive: find(root, "[data-go-live]"),
    fromStart: find(root, "[data-from-start]"),
  };
  const behind = find(root, "[data-behind]");

  const player: Player = new Player(root, video, facts, {
    askPlayback: () => feed().playback(),
    askEvent: () => feed().ask(),
    levels: (levels) => {
      const heights = levels.map(({ height }) => height);
      quality.offer(heights);
      comforts.levels(heights);
    },
    level: (height) => quality.show(height),
    state: (state) => {
      const recorded = player.replayAddress !== null;
      const words = noticeOf(state, say, recorded);
      if (words) {
        notice.title.textContent = words[0];
        notice.detail.textContent = state === "soon" ? dateLine : words[1];
      }
      find(root, "[data-notice]").hidden = state === "shut";
      buttons.bigPlay.hidden = state !== "ready";
      buttons.replay.hidden = !(state === "ended" && recorded);
    },
    tick: () => {
      const late = player.mode === "dvr" ? player.source.latency : 0;
      const text = late > 1 ? say("player-behind", { time: clock(late) }) : "";
      if (behind.textContent !== text) behind.textContent = text;
      buttons.sound.hidden = !player.wantsSoundTap;
      buttons.fromStart.hidden = player.playback.dvr === null || player.mode === "replay";
      comforts.tick();
    },
  });
  const quality = new QualityMenu(find(root, "[data-quality]"), say, (level) => {
    player.source.chooseLevel(level);
    comforts.chose(quality.chosenHeight);
  });

  const comforts: Comforts = mountComforts(root, facts, say, player, quality);
  mountLocked(root, facts, say, player);

  buttons.bigPlay.addEventListener("click", () => player.press());
  buttons.replay.addEventListener("click", () => void player.replay());
  buttons.sound.addEventListener("click", () => player.unmute());
  buttons.goLive.addEventListener("click", () => player.goLive());
  buttons.fromStart.addEventListener("click", () => player.rewindTo({ at: "start" }));
  for (const step of root.querySelectorAll<HTMLElement>("[data-step]")) {
    step.addEventListener("click", () => player.step(Number(step.dataset["step"])));
  }
  find(root, "[data-live-track]").addEventListener("click", (clicked) => {
    const box = (clicked.currentTarget as HTMLElement).getBoundingClientRect();
    const of = Math.min(1, Math.max(0, (clicked.clientX - box.left) / box.width));
    if (of > 0.985) player.goLive();
    else player.rewindTo({ at: "fraction", of });
  });

  const acts = actsOf(root, video, player, comforts);
  listenToKeys(root, acts);
  listenToTaps(root, acts);
  return player;
}

function actsOf(root: HTMLElement, video: HTMLVideoElement, player: Player, { still }: Comforts): Acts {
  const pressed = (name: string): void => root.querySelector<HTMLElement>(name)?.click();
  return {
    togglePlay: () => (still.asking ? still.goOn() : player.togglePlay()),
    step: (seconds) => player.step(seconds),
    tenth: (tenth) => player.rewindTo(tenth === 0 ? { at: "start" } : { at: "fraction", of: tenth / 10 }),
    goLive: () => player.goLive(),
    toggleMute: () => {
      if (video.muted) player.unmute();
      else video.muted = true;
    },
    toggleFullscreen: () => pressed("media-fullscreen-button"),
    togglePip: () => pressed("media-pip-button"),
    toggleCaptions: () => pressed("media-captions-button"),
    volume: (change) => {
      video.volume = Math.min(1, Math.max(0, video.volume + change));
      video.muted = video.volume === 0;
    },
  };
}
