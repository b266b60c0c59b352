// The picture's source: hls.js, or the browser's own player where there is no MSE. Recovers in place.
import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData, type Fragment, type Level, type LevelDetails } from "hls.js";
import { AirPlay } from "./airplay";
import type { AskKey } from "./keyloader";
import { fitNow } from "./lean";
import type { Over } from "./over";
import { Pace } from "./pace";
import { Ladder } from "./recovery";
import { settings } from "./tuning";

/** Where to begin. */
export type Start =
  | { at: "live" }
  | { at: "start" }
  | { at: "time"; s: number }
  | { at: "date"; ms: number }
  | { at: "fraction"; of: number };

export type Trouble = "network" | "media" | "key" | "other";

export interface SourceEvents {
  /** The qualities on offer changed. */
  levels(levels: Level[]): void;
  /** Another quality is on screen. */
  level(height: number): void;
  /** The live playlist moved on: whatever was said, there is a picture. */
  moved(): void;
  /** Measures did not help for a while; they go on. */
  failing(failing: boolean): void;
  /** A key is needed for what comes next. */
  key: AskKey;
  /** What is on screen is under the key at this address; null: free. */
  screen(key: string | null): void;
  /** An error that needed a measure. */
  trouble(kind: Trouble): void;
  /** The browser's own player stands still or gave up, and does not say why. */
  stuck(): void;
}

function keyOf({ decryptdata }: Fragment): string | null {
  return decryptdata?.method === "AES-128" ? decryptdata.uri : null;
}

/** A guess for the first picture, bit/s: what the last source measured, else so little that the leanest comes first. */
let measured = 800_000;

/** A position that moves by less between two looks shows no picture, seconds. */
const MOVED_S = 0.2;
/** A jump shows a few frames; a picture that moves shows more in a second. */
const MOVED_FRAMES = 8;

export class Source {
  readonly native = !Hls.isSupported();
  readonly #airplay: AirPlay;
  #hls: Hls | null = null;
  #url = "";
  #start: Start = { at: "live" };
  #running = false;
  #lastMoveAt = 0;
  #lastTime = 0;
  #lastFrames = 0;
  #jumped = false;
  #edge = 0;
  readonly #ladder: Ladder;
  /** What the line can do outlives a source. */
  readonly #pace = new Pace();

  constructor(
    readonly video: HTMLVideoElement,
    readonly events: SourceEvents,
    readonly over: Over,
  ) {
    this.#ladder = new Ladder({
      reload: () => this.#hls?.startLoad(this.#resumePosition()),
      repair: () => this.#repair(),
      swap: () => {
        this.#hls?.swapAudioCodec();
        this.#repair();
      },
      rebuild: () => this.#rebuild(),
      failing: (failing) => events.failing(failing),
    });
    this.#airplay = new AirPlay(video, {
      left: () => this.#hls?.stopLoad(),
      back: () => this.#hls && this.#rebuild(),
    });
    setInterval(() => this.#watch(), 1_000);
    video.addEventListener("error", () => {
      if (!this.native || this.#url === "") return;
      events.trouble("other");
      events.stuck();
      this.#ladder.other();
    });
  }

  /** Whether this browser can play at all. */
  get supported(): boolean {
    return !this.native || this.video.canPlayType("application/vnd.apple.mpegurl") !== "";
  }

  get url(): string {
    return this.#url;
  }

  /** Fetches the master playlist only; `run` fetches the picture. */
  open(url: string, start: Start): void {
    this.close();
    this.#url = url;
    this.#start = start;
    this.#lastMoveAt = Date.now();
    if (this.native) {
      this.video.src = url;
      this.video.addEventListener("loadedmetadata", () => this.#seekToStart(), { once: true });
      return;
    }
    const ask: AskKey = (address, at, signal) => this.events.key(address, at, signal);
    const hls = new Hls(settings(start.at === "live", measured, ask));
    this.#hls = hls;
    hls.on(Events.MANIFEST_LOADED, (_, { stats, levels }) => {
      const leanest = Math.min(...levels.map(({ bitrate }) => bitrate));
      this.#pace.answered(stats.loading.end - stats.loading.start, leanest);
      if (start.at === "live") this.#keepPace(hls);
      hls.config.startOnSegmentBoundary = start.at === "live" && this.#pace.slow;
    });
    hls.on(Events.MANIFEST_PARSED, () => {
      fitNow();
      this.events.levels(hls.levels);
      if (this.#running) hls.startLoad(this.#firstPosition());
    });
    hls.on(Events.MEDIA_ATTACHED, () => this.#airplay.offer(url));
    hls.on(Events.LEVEL_SWITCHED, (_, { level }) => this.events.level(hls.levels[level]?.height ?? 0));
    hls.on(Events.FRAG_CHANGED, (_, { frag }) => this.events.screen(keyOf(frag)));
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => this.#levelUpdated(details));
    hls.on(Events.FRAG_BUFFERED, (_, { frag, stats }) => {
      this.#ladder.loaded();
      this.#pace.loaded(frag.duration, stats.loading.end - stats.loading.start);
      if (this.#start.at === "live") this.#keepPace(hls);
    });
    hls.on(Events.ERROR, (_, data) => this.#error(data));
    this.video.addEventListener("loadedmetadata", () => this.#seekToStart(), { once: true });
    hls.attachMedia(this.video);
    hls.loadSource(url);
  }

  /** Fetches and plays from here on. */
  run(): void {
    this.#running = true;
    this.#lastMoveAt = Date.now();
    if (this.#hls && this.#hls.levels.length > 0) this.#hls.startLoad(this.#firstPosition());
  }

  /** Fetches nothing any more until `resume`. */
  rest(): void {
    this.#running = false;
    this.#ladder.reset();
    this.#hls?.stopLoad();
  }

  /** Goes on fetching where the picture is. */
  resume(): void {
    this.#running = true;
    this.#lastMoveAt = Date.now();
    this.#hls?.startLoad(this.#resumePosition());
  }

  close(): void {
    this.#running = false;
    this.#edge = 0;
    this.#ladder.reset();
    if (this.#hls) {
      measured = this.#hls.bandwidthEstimate || measured;
      this.#hls.destroy();
      this.#hls = null;
      this.#airplay.withdraw();
    } else if (this.#url && this.native) {
      this.video.removeAttribute("src");
      this.video.load();
    }
    this.#url = "";
  }

  /** What the line carries, bit/s; null: nobody measures. */
  get bandwidth(): number | null {
    return this.#hls?.bandwidthEstimate ?? null;
  }

  /** Seconds behind the newest picture. */
  get latency(): number {
    if (this.#hls) return this.#hls.latency;
    const { seekable, currentTime } = this.video;
    return seekable.length > 0 ? Math.max(0, seekable.end(seekable.length - 1) - currentTime) : 0;
  }

  /** The newest segment of the playlist: its key's address, and what the server's clock says about now. */
  get newest(): { key: string | null; nowMs: number } | null {
    const details = this.#hls?.latestLevelDetails;
    const last = details?.live ? details.fragments.at(-1) : undefined;
    if (!details || !last?.programDateTime) return null;
    return { key: keyOf(last), nowMs: last.programDateTime + (last.duration + details.age) * 1_000 };
  }

  /** Seconds that count as at the edge. */
  get edgeTolerance(): number {
    return (this.#hls?.targetLatency ?? 6) + 5;
  }

  /** When the picture on screen was made, Unix milliseconds. */
  get playingDate(): number | null {
    const date = this.#hls ? this.#hls.playingDate : this.#nativeDate();
    return date ? date.getTime() : null;
  }

  /** Jumps to the newest picture of this source. */
  seekToEdge(): void {
    const { seekable } = this.video;
    const end = seekable.length > 0 ? seekable.end(seekable.length - 1) - 4 : null;
    const edge = this.#hls?.liveSyncPosition ?? end;
    if (edge !== null && Number.isFinite(edge)) this.video.currentTime = edge;
  }

  /** Chosen quality: an index of the levels, -1: by itself. */
  get chosenLevel(): number {
    return this.#hls && !this.#hls.autoLevelEnabled ? this.#hls.nextLevel : -1;
  }

  chooseLevel(level: number): void {
    if (!this.#hls) return;
    this.#hls.config.capLevelToPlayerSize = level < 0;
    this.#hls.nextLevel = level;
  }

  /** The network is back, or the page is looked at again: do not wait for a timer. */
  wake(): void {
    if (this.#running && !this.#airplay.away && Date.now() - this.#lastMoveAt > 3_000) this.#hls?.startLoad(this.#resumePosition());
  }

  #nativeDate(): Date | null {
    const video = this.video as HTMLVideoElement & { getStartDate?: () => Date };
    const began = video.getStartDate?.().getTime() ?? Number.NaN;
    return Number.isFinite(began) ? new Date(began + video.currentTime * 1_000) : null;
  }

  #firstPosition(): number {
    if (this.#start.at === "time") return this.#start.s;
    return this.#start.at === "start" ? 0 : -1;
  }

  #resumePosition(): number {
    return this.#start.at === "live" && this.video.readyState < 1 ? -1 : this.video.currentTime || this.#firstPosition();
  }

  /** Where the start is in this playlist, once its times are known. */
  #seekToStart(): void {
    const start = this.#start;
    const { seekable } = this.video;
    if (start.at === "live" || start.at === "start" || seekable.length === 0) return;
    if (start.at === "time") {
      if (this.native) this.video.currentTime = start.s;
      return;
    }
    const [from, to] = [seekable.start(0), seekable.end(seekable.length - 1)];
    if (start.at === "fraction") {
      this.video.currentTime = from + (to - from) * start.of;
      return;
    }
    const wanted = this.#timeOf(start.ms);
    if (wanted !== null) this.video.currentTime = Math.min(Math.max(wanted, from), to);
  }

  /** Where a moment stands in the playlist: by the dates of its segments, since encoder restarts leave holes. */
  #timeOf(ms: number): number | null {
    const dated = this.#hls?.latestLevelDetails?.fragments.filter((fragment) => fragment.programDateTime !== null) ?? [];
    const at = dated.findLast((fragment) => (fragment.programDateTime ?? 0) <= ms) ?? dated[0];
    if (at) return at.start + Math.min(at.duration, Math.max(0, (ms - (at.programDateTime ?? ms)) / 1_000));
    const here = this.playingDate;
    return here === null ? null : this.video.currentTime + (ms - here) / 1_000;
  }

  #levelUpdated(details: LevelDetails): void {
    if (details.edge > this.#edge + 0.1) {
      const first = this.#edge === 0;
      this.#edge = details.edge;
      if (!first && details.live) this.events.moved();
    }
  }

  #keepPace(hls: Hls): void {
    const target = this.#pace.target(hls.latestLevelDetails?.targetduration ?? 2);
    if (Math.abs(target - (hls.targetLatency ?? hls.config.liveSyncDurationCount * 2)) > 0.3) hls.targetLatency = target;
  }

  #error(data: ErrorData): void {
    if (data.details === ErrorDetails.BUFFER_STALLED_ERROR) this.#pace.stalled();
    if (!data.fatal || this.#airplay.away) return;
    const network = data.type === ErrorTypes.NETWORK_ERROR;
    this.events.trouble(network ? "network" : data.type === ErrorTypes.MEDIA_ERROR ? "media" : "other");
    if (network) this.#ladder.network(this.#hls?.levels.length === 0);
    else if (data.type === ErrorTypes.MEDIA_ERROR) this.#ladder.media();
    else this.#ladder.other();
  }

  /** Where a recording is now: by its dates, else by its seconds. */
  #here(date: number | null): Start {
    if (date !== null) return { at: "date", ms: date };
    return this.video.currentTime > 0 ? { at: "time", s: this.video.currentTime } : this.#start;
  }

  /** A pause of the viewer's own, not one that came with a source that was taken away. */
  get #held(): boolean {
    return this.video.paused && this.video.currentTime > 0;
  }

  #repair(): void {
    const held = this.#held;
    this.#hls?.recoverMediaError();
    // Taking the media away and giving it back leaves the element paused.
    if (!held && this.#running) this.video.play().catch(() => undefined);
  }

  #rebuild(): void {
    const [url, running, held] = [this.#url, this.#running, this.#held];
    if (!url) return;
    const date = this.playingDate;
    const start = this.#start.at === "live" ? this.#start : this.#here(date);
    const tries = this.#ladder.tries;
    this.open(url, start);
    this.#ladder.tries = tries;
    if (running) {
      this.run();
      if (!held) this.video.play().catch(() => undefined);
    }
  }

  /** A picture that should move and does not is nudged, then moved to the edge, then built anew. */
  #watch(): void {
    const { video } = this;
    const now = Date.now();
    if (this.#moved()) {
      this.#lastMoveAt = now;
      this.#ladder.moving();
      return;
    }
    if (!this.#running || video.paused || this.over.now || document.hidden || this.#airplay.away) {
      this.#lastMoveAt = now;
      return;
    }
    const still = Math.round((now - this.#lastMoveAt) / 1_000);
    if (still === 4) {
      if (this.native) this.events.stuck();
      this.#nudge();
    } else if (still === 8 && this.#start.at === "live") this.seekToEdge();
    else if (still >= 12 && still % 12 === 0) this.#ladder.stalled();
    if (this.native && (still === 4 || still === 8)) this.#jumped = true;
  }

  /**
   * Whether the picture moved since the last look: by its position, or by frames where the browser's own player says nothing
   * of the position. A jump of ours is no picture: that player has no other watcher, and has to reach the last measure.
   */
  #moved(): boolean {
    const { video } = this;
    const frames = this.native ? video.getVideoPlaybackQuality().totalVideoFrames : 0;
    const shown = frames > this.#lastFrames + MOVED_FRAMES;
    this.#lastFrames = frames;
    if (video.seeking) return shown;
    const moved = Math.abs(video.currentTime - this.#lastTime) >= MOVED_S;
    if (moved || this.#jumped) this.#lastTime = video.currentTime;
    const jumped = this.#jumped;
    this.#jumped = false;
    return shown || (moved && !jumped);
  }

  #nudge(): void {
    const { buffered, currentTime } = this.video;
    for (let range = 0; range < buffered.length; range += 1) {
      const start = buffered.start(range);
      if (start > currentTime && start - currentTime < 12) {
        this.video.currentTime = start + 0.05;
        return;
      }
    }
    this.#hls?.startLoad(this.#resumePosition());
    if (this.video.readyState >= 3) this.video.play().catch(() => undefined);
  }
}
