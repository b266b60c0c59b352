// The picture's source: hls.js, or the browser's own player where there is no MSE. Recovers in place.
import Hls, { ErrorTypes, Events, type ErrorData, type HlsConfig, type Level, type LevelDetails } from "hls.js";
import { Ladder } from "./recovery";

/** Where to begin. */
export type Start = { at: "live" } | { at: "start" } | { at: "date"; ms: number } | { at: "fraction"; of: number };

export interface SourceEvents {
  /** The qualities on offer changed. */
  levels(levels: Level[]): void;
  /** Another quality is on screen. */
  level(height: number): void;
  /** The live playlist moved on: whatever was said, there is a picture. */
  moved(): void;
  /** Measures did not help for a while; they go on. */
  failing(failing: boolean): void;
}

const RETRY = { retryDelayMs: 700, maxRetryDelayMs: 8_000, backoff: "exponential" as const };
const POLICY = (firstByteMs: number, wholeMs: number, tries: number) => ({
  default: {
    maxTimeToFirstByteMs: firstByteMs,
    maxLoadTimeMs: wholeMs,
    timeoutRetry: { maxNumRetry: 2, ...RETRY },
    errorRetry: { maxNumRetry: tries, ...RETRY },
  },
});

const CONFIG: Partial<HlsConfig> = {
  autoStartLoad: false,
  // Two and a half segments behind the newest one; after a stall hls.js adds to it by itself.
  liveSyncDurationCount: 2.5,
  liveMaxLatencyDurationCount: 8,
  maxLiveSyncPlaybackRate: 1.08,
  // Phones: little kept behind, half a minute ahead where there is any.
  backBufferLength: 20,
  maxBufferLength: 24,
  maxMaxBufferLength: 40,
  maxBufferSize: 24_000_000,
  capLevelToPlayerSize: true,
  testBandwidth: true,
  abrEwmaFastLive: 3,
  abrEwmaSlowLive: 9,
  abrBandWidthUpFactor: 0.65,
  manifestLoadPolicy: POLICY(8_000, 12_000, 2),
  playlistLoadPolicy: POLICY(6_000, 10_000, 3),
  fragLoadPolicy: POLICY(8_000, 24_000, 4),
};

/** Who has rewound stays there: nothing draws the picture back to the edge. */
const REWOUND: Partial<HlsConfig> = { liveMaxLatencyDurationCount: Number.POSITIVE_INFINITY, maxLiveSyncPlaybackRate: 1 };

/**
 * WebKit stands still for some tenths of a second at each change of speed: what it gains it loses again, and it stumbles
 * without end. There the distance to the edge stays what it was at the start.
 */
const EVEN: Partial<HlsConfig> = "ManagedMediaSource" in globalThis ? { maxLiveSyncPlaybackRate: 1 } : {};

/** A guess for the first picture, bit/s: what the last source measured, else what a phone on 4G has at least. */
let measured = 900_000;

export class Source {
  readonly native = !Hls.isSupported();
  #hls: Hls | null = null;
  #url = "";
  #start: Start = { at: "live" };
  #running = false;
  #lastMoveAt = 0;
  #lastTime = 0;
  #edge = 0;
  readonly #ladder: Ladder;

  constructor(
    readonly video: HTMLVideoElement,
    readonly events: SourceEvents,
  ) {
    this.#ladder = new Ladder({
      reload: () => this.#hls?.startLoad(this.#resumePosition()),
      repair: () => this.#hls?.recoverMediaError(),
      swap: () => {
        this.#hls?.swapAudioCodec();
        this.#hls?.recoverMediaError();
      },
      rebuild: () => this.#rebuild(),
      failing: (failing) => events.failing(failing),
    });
    setInterval(() => this.#watch(), 1_000);
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
    const hls = new Hls({ ...CONFIG, ...EVEN, ...(start.at === "live" ? {} : REWOUND), abrEwmaDefaultEstimate: measured });
    this.#hls = hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.events.levels(hls.levels);
      if (this.#running) hls.startLoad(this.#firstPosition());
    });
    hls.on(Events.LEVEL_SWITCHED, (_, { level }) => this.events.level(hls.levels[level]?.height ?? 0));
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => this.#levelUpdated(details));
    hls.on(Events.FRAG_BUFFERED, () => this.#ladder.loaded());
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

  /** Fetches nothing any more until `run`. */
  rest(): void {
    this.#running = false;
    this.#hls?.stopLoad();
  }

  close(): void {
    this.#running = false;
    this.#edge = 0;
    this.#ladder.reset();
    if (this.#hls) {
      measured = this.#hls.bandwidthEstimate || measured;
      this.#hls.destroy();
      this.#hls = null;
    } else if (this.#url && this.native) {
      this.video.removeAttribute("src");
      this.video.load();
    }
    this.#url = "";
  }

  /** Seconds behind the newest picture. */
  get latency(): number {
    if (this.#hls) return this.#hls.latency;
    const { seekable, currentTime } = this.video;
    return seekable.length > 0 ? Math.max(0, seekable.end(seekable.length - 1) - currentTime) : 0;
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
    if (this.#running && Date.now() - this.#lastMoveAt > 3_000) this.#hls?.startLoad(this.#resumePosition());
  }

  #nativeDate(): Date | null {
    const video = this.video as HTMLVideoElement & { getStartDate?: () => Date };
    const began = video.getStartDate?.().getTime() ?? Number.NaN;
    return Number.isFinite(began) ? new Date(began + video.currentTime * 1_000) : null;
  }

  #firstPosition(): number {
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

  #error(data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === ErrorTypes.NETWORK_ERROR) this.#ladder.network(this.#hls?.levels.length === 0);
    else if (data.type === ErrorTypes.MEDIA_ERROR) this.#ladder.media();
    else this.#ladder.other();
  }

  #rebuild(): void {
    const [url, running] = [this.#url, this.#running];
    if (!url) return;
    const date = this.playingDate;
    const start: Start = this.#start.at === "live" || date === null ? this.#start : { at: "date", ms: date };
    const tries = this.#ladder.tries;
    this.open(url, start);
    this.#ladder.tries = tries;
    if (running) {
      this.run();
      this.video.play().catch(() => undefined);
    }
  }

  /** A picture that should move and does not is nudged, then moved to the edge, then built anew. */
  #watch(): void {
    const { video } = this;
    const now = Date.now();
    if (video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#lastMoveAt = now;
      this.#ladder.moving();
      return;
    }
    if (!this.#running || video.paused || video.ended || document.hidden) {
      this.#lastMoveAt = now;
      return;
    }
    const still = Math.round((now - this.#lastMoveAt) / 1_000);
    if (still === 4) this.#nudge();
    else if (still === 8 && this.#start.at === "live") this.seekToEdge();
    else if (still >= 12 && still % 12 === 0) this.#ladder.stalled();
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
