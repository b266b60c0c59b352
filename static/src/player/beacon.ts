// How well it plays, told to the node once a minute: counts and times, nothing about who watches.
import type { Nodes } from "./nodes";
import type { Trouble } from "./source";
import type { Mode } from "./state";

const EVERY_MS = 60_000;

interface Figures {
  engine: "hls" | "native";
  mode: Mode;
  first_frame_ms?: number;
  played_ms: number;
  stalls: number;
  stall_ms: number;
  switches: number;
  errors: Record<Trouble, number>;
  behind_ms?: number;
  height?: number;
  last: boolean;
}

const none = (): Record<Trouble, number> => ({ network: 0, media: 0, key: 0, other: 0 });

export class Beacon {
  #askedAt = 0;
  #firstFrameMs: number | null = null;
  #stalledAt = 0;
  #playedMs = 0;
  #stalls = 0;
  #stallMs = 0;
  #switches = 0;
  #errors = none();
  #tickAt = 0;
  #time = 0;
  #base: string | null = null;

  constructor(
    readonly root: HTMLElement,
    readonly video: HTMLVideoElement,
    readonly nodes: Nodes,
    /** The rest of what is told, as it is now. */
    readonly now: () => Pick<Figures, "engine" | "mode"> & { behindS: number },
  ) {
    video.addEventListener("playing", () => this.#plays());
    video.addEventListener("waiting", () => {
      if (this.#askedAt === 0 && !video.seeking && !video.paused) this.#stalledAt ||= performance.now();
    });
    for (const over of ["pause", "emptied", "seeking"]) video.addEventListener(over, () => this.#stallOver());
    setInterval(() => void this.#send(false), EVERY_MS);
    addEventListener("pagehide", () => void this.#send(true));
  }

  /** From here on the viewer waits for a picture. */
  asked(): void {
    this.#askedAt = performance.now();
  }

  trouble(kind: Trouble): void {
    this.#errors[kind] += 1;
  }

  switched(): void {
    this.#switches += 1;
  }

  /** Counts what was played since the last time. */
  tick(): void {
    const now = performance.now();
    const { currentTime, paused } = this.video;
    if (!paused && currentTime !== this.#time && this.#tickAt > 0) this.#playedMs += Math.min(1_000, now - this.#tickAt);
    this.#tickAt = now;
    this.#time = currentTime;
  }

  #plays(): void {
    this.#stallOver();
    if (this.#askedAt === 0) return;
    this.#firstFrameMs = Math.round(performance.now() - this.#askedAt);
    this.root.dataset["firstFrame"] = String(this.#firstFrameMs);
    this.#askedAt = 0;
  }

  #stallOver(): void {
    if (this.#stalledAt === 0) return;
    this.#stallMs += performance.now() - this.#stalledAt;
    this.#stalls += 1;
    this.#stalledAt = 0;
    this.root.dataset["stalls"] = String(Number(this.root.dataset["stalls"] ?? 0) + 1);
  }

  async #send(last: boolean): Promise<void> {
    const trouble = Object.values(this.#errors).some((count) => count > 0);
    if (this.#playedMs === 0 && this.#firstFrameMs === null && !trouble) return;
    const { behindS, ...now } = this.now();
    const { videoHeight } = this.video;
    const figures: Figures = {
      ...now,
      ...(this.#firstFrameMs === null ? {} : { first_frame_ms: this.#firstFrameMs }),
      played_ms: Math.round(this.#playedMs),
      stalls: this.#stalls,
      stall_ms: Math.round(this.#stallMs),
      switches: this.#switches,
      errors: this.#errors,
      ...(now.mode === "live" && behindS > 0 ? { behind_ms: Math.round(behindS * 1_000) } : {}),
      ...(videoHeight > 0 ? { height: videoHeight } : {}),
      last,
    };
    [this.#playedMs, this.#stalls, this.#stallMs, this.#switches] = [0, 0, 0, 0];
    this.#firstFrameMs = null;
    this.#errors = none();
    // A page that goes away has no time to choose a node.
    if (last) this.#base ??= this.nodes.choice.api;
    else this.#base = await this.nodes.base();
    this.#post(`${this.#base}/api/v1/beacons`, JSON.stringify(figures));
  }

  #post(address: string, body: string): void {
    const headers = { "content-type": "application/json" };
    fetch(address, { method: "POST", credentials: "omit", keepalive: true, headers, body }).catch(() => undefined);
  }
}
