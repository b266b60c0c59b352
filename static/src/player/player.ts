// The player: what the event is, what the viewer wants, and what the picture does, made into one honest state.
//
// `data-state` on the player says it: soon, waiting, starting, ready, playing, buffering, interrupted, ended, failed,
// unsupported. `data-mode` says which source: live (the window at the edge), dvr (rewound while it goes on), replay.
import type { Facts, Phase, Playback } from "./facts";
import { freeze } from "./freeze";
import { rememberedSound, rememberSound } from "./sound";
import { Source, type SourceEvents, type Start } from "./source";

export type State =
  | "soon"
  | "waiting"
  | "starting"
  | "ready"
  | "playing"
  | "buffering"
  | "interrupted"
  | "ended"
  | "failed"
  | "unsupported";

export type Mode = "live" | "dvr" | "replay";

export interface PlayerEvents extends Pick<SourceEvents, "levels" | "level"> {
  state(state: State): void;
  /** Four times a second while there is a picture. */
  tick(): void;
  /** Asks what the event is now; false when nobody answered. */
  askEvent(): Promise<boolean>;
  /** Asks for the addresses as they are now. */
  askPlayback(): Promise<Playback | null>;
}

const STALL_TOLD_MS = 2_500;

export class Player {
  readonly source: Source;
  phase: Phase;
  mode: Mode = "live";
  playback: Playback;
  #picture = false;
  #failing = false;
  #refused = false;
  #stalledAt = 0;
  #opening = false;
  #state: State | null = null;
  #autoMuted = false;

  constructor(
    readonly root: HTMLElement,
    readonly video: HTMLVideoElement,
    readonly facts: Facts,
    readonly events: PlayerEvents,
  ) {
    this.phase = facts.phase;
    this.playback = facts.playback;
    const sound = rememberedSound();
    video.volume = sound.volume;
    video.muted = sound.muted;
    this.source = new Source(video, {
      levels: (levels) => events.levels(levels),
      level: (height) => {
        root.dataset["level"] = String(height);
        events.level(height);
      },
      moved: () => void this.#playlistMoved(),
      failing: (failing) => {
        this.#failing = failing;
        this.#update();
      },
    });
    this.#listen();
  }

  start(): void {
    if (!this.source.supported) this.#update();
    else if (this.phase === "live" || this.phase === "interrupted") void this.#openLive();
    setInterval(() => this.#tick(), 250);
    this.#update();
  }

  /** What the event is now. */
  setPhase(phase: Phase): void {
    if (this.phase === "ended" || this.phase === phase) return;
    this.phase = phase;
    this.root.dataset["phase"] = phase;
    if (phase === "live" && this.mode === "live" && this.source.url === "") void this.#openLive();
    if (phase === "ended") void this.#refreshPlayback();
    this.#update();
  }

  /** New addresses: whoever watches goes on there, in place. */
  setPlayback(playback: Playback): void {
    const moved = playback.master !== this.playback.master;
    this.playback = playback;
    if (!moved || this.source.url === "") return;
    if (this.mode === "live") this.#open(playback.master, { at: "live" }, "live");
    else this.#open(playback.dvr, this.#here(), this.mode);
  }

  /** At the edge of a live picture. */
  get atEdge(): boolean {
    return this.mode === "live" && this.phase === "live" && this.#picture && this.source.latency < this.source.edgeTolerance;
  }

  get picture(): boolean {
    return this.#picture;
  }

  /** Whether the sound is off only because the browser insisted. */
  get wantsSoundTap(): boolean {
    return this.#autoMuted && this.video.muted && this.#state === "playing";
  }

  get replayAddress(): string | null {
    const { replays, dvr } = this.playback;
    return (replays.find((replay) => replay.name === "all") ?? replays[0])?.address ?? dvr;
  }

  /** Plays because the viewer pressed something. */
  press(): void {
    this.#refused = false;
    if (this.source.url === "") void this.#openLive();
    else {
      this.source.run();
      this.#play();
    }
    this.#update();
  }

  togglePlay(): void {
    if (this.#state === "ready") this.press();
    else if (!this.#picture) return;
    else if (this.video.paused) this.#play();
    else this.video.pause();
  }

  goLive(): void {
    if (this.phase === "ended") return;
    if (this.mode === "live") this.source.seekToEdge();
    else this.#open(this.playback.master, { at: "live" }, "live");
    this.#play();
  }

  /** Goes to a part of the whole broadcast, 0 to 1. */
  rewindTo(start: Start): void {
    if (this.mode !== "live") {
      const { seekable } = this.video;
      if (seekable.length === 0) return;
      const [from, to] = [seekable.start(0), seekable.end(seekable.length - 1)];
      if (start.at === "start") this.video.currentTime = from;
      if (start.at === "fraction") this.video.currentTime = from + (to - from) * start.of;
      return;
    }
    if (!this.#picture || this.playback.dvr === null) return;
    this.#open(this.playback.dvr, start, "dvr");
    this.#play();
  }

  /** Seconds back or on; back from the edge is a rewind, on beyond the edge is live. */
  step(seconds: number): void {
    if (!this.#picture) return;
    if (this.mode === "live") {
      const date = this.source.playingDate;
      if (seconds < 0 && date !== null) this.rewindTo({ at: "date", ms: date + seconds * 1_000 });
      return;
    }
    const { seekable, currentTime, duration } = this.video;
    const end = seekable.length > 0 ? seekable.end(seekable.length - 1) : duration;
    const to = currentTime + seconds;
    if (this.mode === "dvr" && seconds > 0 && this.source.latency - seconds < this.source.edgeTolerance) this.goLive();
    else this.video.currentTime = Math.max(0, Math.min(to, end - 0.5));
  }

  /** Plays the recording from its start. */
  async replay(): Promise<void> {
    await this.#refreshPlayback();
    this.#open(this.replayAddress, { at: "start" }, "replay");
    this.#play();
  }

  unmute(): void {
    this.video.muted = false;
    if (this.video.volume === 0) this.video.volume = 1;
    this.#autoMuted = false;
  }

  /** The playlist moves though the event is said to be interrupted: when nobody can be asked, the picture is right. */
  async #playlistMoved(): Promise<void> {
    if (this.phase !== "interrupted" || this.mode === "replay") return;
    if (!(await this.events.askEvent()) && this.phase === "interrupted") this.setPhase("live");
  }

  #here(): Start {
    const ms = this.source.playingDate;
    return ms === null ? { at: "live" } : { at: "date", ms };
  }

  async #refreshPlayback(): Promise<void> {
    const playback = await this.events.askPlayback();
    if (playback) this.playback = playback;
    this.#update();
  }

  async #openLive(): Promise<void> {
    if (this.#opening || !this.source.supported) return;
    this.#opening = true;
    if (this.playback.master === null) await this.#refreshPlayback();
    this.#opening = false;
    const { master } = this.playback;
    if (master === null) {
      // Announced, but not yet told where: ask again soon.
      setTimeout(() => this.source.url === "" && this.phase === "live" && void this.#openLive(), 1_000 + Math.random() * 1_000);
      return;
    }
    this.mode = "live";
    this.root.dataset["mode"] = "live";
    this.source.open(master, { at: "live" });
    if (await this.#mayPlay()) this.source.run();
    else this.#refused = true;
    this.#update();
  }

  #open(url: string | null, start: Start, mode: Mode): void {
    if (url === null) return;
    freeze(this.video, this.root);
    this.mode = mode;
    this.root.dataset["mode"] = mode;
    this.#failing = false;
    this.source.open(url, start);
    this.source.run();
    this.#update();
  }

  /** Whether the browser lets it start by itself: with sound, else without. Nothing is fetched for the answer. */
  async #mayPlay(): Promise<boolean> {
    const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    if (connection?.saveData) return false;
    if (await this.#tryPlay()) return true;
    if (this.video.muted) return false;
    this.video.muted = true;
    this.#autoMuted = true;
    if (await this.#tryPlay()) return true;
    this.video.muted = false;
    this.#autoMuted = false;
    return false;
  }

  /** A refusal comes at once; a promise still open after a moment waits for data only. */
  #tryPlay(): Promise<boolean> {
    const refused = this.video.play().then(
      () => false,
      (error: unknown) => error instanceof DOMException && error.name === "NotAllowedError",
    );
    const waited = new Promise<boolean>((done) => setTimeout(() => done(false), 200));
    return Promise.race([refused, waited]).then((no) => !no);
  }

  #play(): void {
    this.video.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.#refused = true;
        this.#update();
      }
    });
  }

  #listen(): void {
    const { video } = this;
    video.addEventListener("playing", () => {
      this.#picture = true;
      this.#refused = false;
      this.#stalledAt = 0;
      this.#failing = false;
      this.#update();
    });
    video.addEventListener("waiting", () => {
      this.#stalledAt ||= Date.now();
    });
    video.addEventListener("timeupdate", () => {
      if (video.readyState >= 3) this.#stalledAt = 0;
    });
    video.addEventListener("ended", () => this.#update());
    video.addEventListener("volumechange", () => {
      if (!video.muted) this.#autoMuted = false;
      if (!this.#autoMuted) rememberSound(video);
    });
    const wake = (): void => this.source.wake();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", () => document.hidden || wake());
  }

  #tick(): void {
    this.#update();
    if (!this.#picture) return;
    this.root.dataset["latency"] = this.source.latency.toFixed(1);
    this.root.toggleAttribute("data-edge", this.atEdge);
    this.events.tick();
  }

  #compute(): State {
    if (!this.source.supported) return "unsupported";
    const { video } = this;
    const stalled = this.#stalledAt > 0 && Date.now() - this.#stalledAt > STALL_TOLD_MS && !video.paused;
    const moving = this.#picture && !stalled && !video.ended;
    if (this.mode !== "live") {
      if (video.ended) return "ended";
      if (this.#failing) return "failed";
      return stalled ? "buffering" : this.#picture ? "playing" : "starting";
    }
    if (this.phase === "ended") return moving && !video.paused ? "playing" : "ended";
    if (this.phase === "soon") return Date.now() < this.facts.starts_at_ms ? "soon" : "waiting";
    if (this.#refused) return "ready";
    if (this.phase === "interrupted") return "interrupted";
    if (this.#failing) return "failed";
    if (!this.#picture) return "starting";
    return stalled ? "buffering" : "playing";
  }

  #update(): void {
    const state = this.#compute();
    this.root.toggleAttribute("data-picture", this.#picture);
    if (state === this.#state) return;
    this.#state = state;
    this.root.dataset["state"] = state;
    this.events.state(state);
  }
}
