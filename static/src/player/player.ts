// The player: what the event is, what the viewer wants, and what the picture does, made into one honest state.
//
// `data-state` on the player says it: soon, waiting, starting, ready, playing, buffering, interrupted, ended, failed,
// shut, unsupported. `data-mode` says which source: live (the window at the edge), dvr (rewound while it goes on), replay.
// `data-gate` says whether the viewer may see it: open, locked, signed-out, taken. `data-sold` stands while what is on
// screen is sold content, `data-fight` is then its number.
import { isRefusal, mayPlay } from "./autoplay";
import { Beacon } from "./beacon";
import type { Facts, Fight, Phase, Playback } from "./facts";
import { freeze, unfreeze } from "./freeze";
import type { Gate } from "./gate";
import { Keeper, type Own } from "./keeper";
import { Motion } from "./motion";
import { Nodes } from "./nodes";
import { chosenReplay, Recordings, seekWithin, stepWithin } from "./recordings";
import { Source, type SourceEvents, type Start } from "./source";
import { stateOf, type Mode, type State } from "./state";

export type { Mode, State } from "./state";

export interface PlayerEvents extends Pick<SourceEvents, "levels" | "level"> {
  state(state: State): void;
  /** Four times a second while there is a picture. */
  tick(): void;
  /** Asks what the event is now; false when nobody answered. */
  askEvent(): Promise<boolean>;
  /** Asks for the addresses as they are now. */
  askPlayback(): Promise<Playback | null>;
}

export class Player {
  readonly source: Source;
  readonly nodes: Nodes;
  phase: Phase;
  mode: Mode = "live";
  playback: Playback;
  readonly #keeper: Keeper;
  readonly #beacon: Beacon;
  readonly #motion: Motion;
  readonly #recordings: Recordings;
  #opening = false;
  #resting = false;
  #state: State | null = null;
  /** Where the source was opened. */
  #start: Start = { at: "live" };

  constructor(
    readonly root: HTMLElement,
    readonly video: HTMLVideoElement,
    readonly facts: Facts,
    readonly events: PlayerEvents,
  ) {
    this.phase = facts.phase;
    this.playback = facts.playback;
    this.nodes = new Nodes(facts);
    this.#motion = new Motion(video, () => this.#update());
    this.#recordings = new Recordings(facts.slug, video);
    this.#keeper = new Keeper(root, facts.slug, this.nodes, {
      shut: () => this.#takeDown(),
      open: () => this.#putBack(),
      askEvent: () => void events.askEvent(),
      trouble: () => this.#beacon.trouble("key"),
    });
    this.source = new Source(video, {
      levels: (levels) => events.levels(levels),
      level: (height) => {
        root.dataset["level"] = String(height);
        this.#beacon.switched();
        events.level(height);
      },
      moved: () => void this.#playlistMoved(),
      failing: (failing) => {
        this.#motion.failing = failing;
        this.#update();
      },
      key: (address, at, signal) => this.#keeper.admission.key(address, at, signal),
      screen: (key) => this.#keeper.onScreen(key),
      trouble: (kind) => this.#beacon.trouble(kind),
      stuck: () => void this.#keeper.askNative(this.#own()),
    }, this.#motion.over);
    this.#beacon = new Beacon(root, video, this.nodes, () => ({
      engine: this.source.native ? "native" : "hls",
      mode: this.mode,
      behindS: this.source.latency,
    }));
    const wake = (): void => this.source.wake();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", () => document.hidden || wake());
    video.addEventListener("play", () => this.#resting && this.wake());
  }

  /** What stands between the viewer and the picture. */
  get gate(): Gate {
    return this.#keeper.gate;
  }

  start(): void {
    const wanted = new URL(location.href).searchParams.get("replay");
    if (this.source.native) void this.events.askEvent();
    if (!this.source.supported) this.#update();
    else if (wanted !== null) void this.#startReplay(wanted);
    else if (this.phase === "live" || this.phase === "interrupted") void this.#openLive();
    setInterval(() => this.#tick(), 250);
    this.#update();
  }

  /** What the event is now. */
  setPhase(phase: Phase): void {
    if (this.phase === "ended" || this.phase === phase) return;
    this.phase = phase;
    this.root.dataset["phase"] = phase;
    if (phase === "live" && this.mode === "live" && this.source.url === "" && !this.gate.shut) void this.#openLive();
    if (phase === "ended") {
      if (this.mode === "live") this.#keeper.letGo();
      void this.#refreshPlayback();
    }
    this.#update();
  }

  /** What the fights are now: which is on air, what is sold, what is unlocked. */
  setFights(fights: Fight[]): void {
    this.#keeper.setFights(fights);
  }

  /** New addresses: whoever watches goes on there, in place. */
  setPlayback(playback: Playback): void {
    const moved = playback.master !== this.playback.master;
    this.playback = playback;
    if (!moved || this.source.url === "" || this.#resting) return;
    if (this.mode === "live") this.#open(playback.master, { at: "live" }, "live");
    else if (this.mode === "dvr") this.#open(playback.dvr, this.#here(), "dvr");
  }

  /** At the edge of a live picture. */
  get atEdge(): boolean {
    return this.mode === "live" && this.phase === "live" && this.#motion.picture && this.source.latency < this.source.edgeTolerance;
  }

  get picture(): boolean {
    return this.#motion.picture;
  }

  /** Whether the sound is off only because the browser insisted. */
  get wantsSoundTap(): boolean {
    return this.#motion.autoMuted && this.video.muted && this.#state === "playing";
  }

  /** What there is to see of an event that is over. */
  get replayAddress(): string | null {
    return chosenReplay(this.playback, null)?.address ?? null;
  }

  /** Plays because the viewer pressed something. */
  press(): void {
    this.#motion.refused = false;
    this.#keeper.pressed();
    this.#beacon.asked();
    if (this.source.url === "") void this.#openLive();
    else {
      void this.#run();
      this.#play();
    }
    this.#update();
  }

  togglePlay(): void {
    if (this.#state === "ready") this.press();
    else if (!this.#motion.picture) return;
    else if (!this.video.paused) this.video.pause();
    else {
      this.#keeper.pressed();
      this.#play();
    }
  }

  goLive(): void {
    if (this.phase === "ended") return;
    this.#keeper.pressed();
    if (this.mode === "live" && !this.gate.shut) this.source.seekToEdge();
    else this.#open(this.playback.master, { at: "live" }, "live");
    this.#play();
  }

  /** Goes to a part of the whole broadcast, 0 to 1. */
  rewindTo(start: Start): void {
    const shut = this.gate.shut !== null;
    if (this.mode !== "live" && !shut) {
      this.video.currentTime = seekWithin(this.video, start) ?? this.video.currentTime;
      return;
    }
    const address = this.mode === "replay" ? (this.#recordings.current?.address ?? null) : this.playback.dvr;
    if ((!this.#motion.picture && !shut) || address === null) return;
    this.#open(address, start, this.mode === "replay" ? "replay" : "dvr");
    this.#play();
  }

  /** Seconds back or on; back from the edge is a rewind, on beyond the edge is live. */
  step(seconds: number): void {
    if (!this.#motion.picture) return;
    if (this.mode === "live") {
      const date = this.source.playingDate;
      if (seconds < 0 && date !== null) this.rewindTo({ at: "date", ms: date + seconds * 1_000 });
      return;
    }
    if (this.mode === "dvr" && seconds > 0 && this.source.latency - seconds < this.source.edgeTolerance) this.goLive();
    else this.video.currentTime = stepWithin(this.video, seconds);
  }

  /** Plays a recording where it was left: of one fight by its number, by default of the whole event. */
  async replay(name: string | null = null): Promise<void> {
    this.#keeper.pressed();
    if (await this.#openReplay(name)) this.#play();
  }

  /** Play-safe: pauses, and nothing is fetched any more. */
  rest(): void {
    if (this.#resting || this.source.url === "") return;
    this.#start = this.mode === "live" ? { at: "live" } : this.#here();
    this.#resting = true;
    this.video.pause();
    if (this.source.native) this.source.close();
    else this.source.rest();
    this.#keeper.admission.leave();
  }

  /** Goes on after `rest`: at the edge of a live picture, at its place in a recording. */
  wake(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#keeper.pressed();
    this.#beacon.asked();
    if (this.mode === "live" || this.source.native) this.#reopen();
    else this.source.resume();
    this.#play();
  }

  unmute(): void {
    this.#motion.unmute();
  }

  /** The gate shut: nothing of it stays on screen or in memory. */
  #takeDown(): void {
    this.#start = this.mode === "live" ? { at: "live" } : this.#here();
    this.#recordings.keep(true);
    this.video.pause();
    this.source.close();
    unfreeze(this.root);
    this.#motion.gone();
    if (this.mode === "live") this.#keeper.guard(this.playback.master);
    this.#update();
  }

  /** The gate opened: the same thing again, live at its edge. */
  #putBack(): void {
    if (this.mode === "live" && this.phase === "ended") return this.#update();
    this.#reopen();
    this.#play();
  }

  #reopen(): void {
    const { master: live, dvr } = this.playback;
    const addresses = { live, dvr, replay: this.#recordings.current?.address ?? null };
    this.#open(addresses[this.mode], this.#start, this.mode);
  }

  /** The playlist moves though the event is said to be interrupted: when nobody can be asked, the picture is right. */
  async #playlistMoved(): Promise<void> {
    if (this.phase !== "interrupted" || this.mode === "replay") return;
    if (!(await this.events.askEvent()) && this.phase === "interrupted") this.setPhase("live");
  }

  #here(): Start {
    const ms = this.source.playingDate;
    if (ms !== null && this.#motion.picture) return { at: "date", ms };
    return this.#motion.picture && this.mode !== "live" ? { at: "time", s: this.video.currentTime } : this.#start;
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
      const again = (): unknown => this.source.url === "" && this.phase === "live" && this.#openLive();
      setTimeout(again, 1_000 + Math.random() * 1_000);
      return;
    }
    this.#set("live", { at: "live" });
    this.source.open(master, { at: "live" });
    await this.#runIfAllowed();
  }

  async #startReplay(name: string): Promise<void> {
    if (await this.#openReplay(name, false)) await this.#runIfAllowed();
    else if (this.phase === "live" || this.phase === "interrupted") await this.#openLive();
  }

  /** Opens a recording where it was left; false: there is none. */
  async #openReplay(name: string | null, run = true): Promise<boolean> {
    if (name === null || chosenReplay(this.playback, name)?.name !== name) await this.#refreshPlayback();
    const recording = chosenReplay(this.playback, name);
    if (!recording) return false;
    this.#recordings.leave();
    this.#open(recording.address, this.#recordings.startOf(recording), "replay", run);
    this.#recordings.current = recording;
    return true;
  }

  async #runIfAllowed(): Promise<void> {
    const permission = await mayPlay(this.video);
    this.#motion.autoMuted = permission === "muted";
    this.#motion.refused = permission === "refused";
    if (permission !== "refused") {
      this.#beacon.asked();
      await this.#run();
    }
    this.#update();
  }

  #open(url: string | null, start: Start, mode: Mode, run = true): void {
    if (url === null) return;
    freeze(this.video, this.root);
    if (mode !== "replay") this.#recordings.leave();
    this.#motion.failing = false;
    this.#set(mode, start);
    this.source.open(url, start);
    if (run) void this.#run();
    this.#update();
  }

  #set(mode: Mode, start: Start): void {
    this.#start = start;
    this.#resting = false;
    this.mode = mode;
    this.root.dataset["mode"] = mode;
    this.#keeper.letGo();
  }

  /** Loads from here on; the browser's own player cannot say who asks, so that is settled first. */
  async #run(): Promise<void> {
    const { url } = this.source;
    if (this.source.native) await this.#keeper.claimNative(this.#recordings.fight);
    if (this.source.url === url) this.source.run();
  }

  #play(): void {
    this.video.play().catch((error: unknown) => {
      if (!isRefusal(error)) return;
      this.#motion.refused = true;
      this.#update();
    });
  }

  #own(): Own {
    return { live: this.mode === "live" ? this.source.url : null, replayed: this.#recordings.fight };
  }

  #tick(): void {
    this.#update();
    if (this.source.url === "") return;
    const { picture, starved, moving } = this.#motion;
    const [live, time, newest] = [this.mode === "live", this.video.currentTime, this.source.newest];
    this.#keeper.tick(this.source.native ? this.#own() : null, { live, time, picture, starved, moving, newest });
    if (!picture) return;
    this.#beacon.tick();
    this.#recordings.keep(false);
    this.root.dataset["latency"] = this.source.latency.toFixed(1);
    this.root.dataset["made"] = String(this.source.playingDate ?? "");
    this.root.toggleAttribute("data-edge", this.atEdge);
    this.events.tick();
  }

  #update(): void {
    const { video, phase, mode } = this;
    const { picture } = this.#motion;
    const state = stateOf({
      supported: this.source.supported,
      shut: this.gate.shut !== null,
      mode,
      phase,
      motion: this.#motion,
      paused: video.paused,
      over: this.#motion.over.now,
      startsAtMs: this.facts.starts_at_ms,
    });
    this.root.toggleAttribute("data-picture", picture);
    if (state === this.#state) return;
    this.#state = state;
    this.root.dataset["state"] = state;
    this.events.state(state);
  }
}
