// What happens to the event: the socket tells, and while it is down the API is asked every two seconds.
import type { Frame } from "../crowd/numbers";
import type { EventState, Facts, Playback } from "./facts";
import type { Poll } from "../polls/poll";
import type { Nodes } from "./nodes";

const PING_MS = 25_000;
const SILENCE_MS = 60_000;
const RETRY_MAX_MS = 15_000;
const POLL_MS = 2_000;
const CHECK_MS = 45_000;

export interface FeedEvents {
  /** The picture's state by the socket: `offline`, `live`, `interrupted` or `ended`. */
  status(stream: string): void;
  /** The whole event, by the API. */
  state(event: EventState): void;
  /** New addresses. */
  playback(playback: Partial<Playback>): void;
  /** A poll, by the socket. */
  poll(poll: Poll): void;
  /** All polls, by the API. */
  polls(polls: Poll[]): void;
  /** How many watch. */
  viewers(count: number): void;
  /** What the crowd does: whether it was that. */
  crowd(frame: Frame): boolean;
  /** Up to which number of the crowd's nothing is missing; null: not known. */
  readonly floor: number | null;
  /** Nobody tells: what the crowd did is to be asked for. */
  untold(): void;
}

interface Message extends Frame {
  data?: { status?: string; master?: string | null; dvr?: string | null; count?: number };
}

/** `base` as a socket address; a relative one is the page's origin. */
function socketAddress(base: string): string {
  const address = new URL(`${base}/ws`, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

export class Feed {
  #socket: WebSocket | null = null;
  #heardAt = 0;
  #tries = 0;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly facts: Facts,
    readonly nodes: Nodes,
    readonly events: FeedEvents,
  ) {}

  start(): void {
    void this.#connect();
    this.#schedule();
    setInterval(() => this.#keepAlive(), PING_MS);
    addEventListener("online", () => this.#hurry());
    addEventListener("pageshow", (shown) => shown.persisted && this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** Asks the API now; whether it answered. */
  async ask(): Promise<boolean> {
    const event = await this.#get<EventState>(`/api/v1/events/${this.facts.slug}`);
    if (event) {
      this.events.state(event);
      this.events.viewers(event.viewers);
    }
    const told = await this.#get<{ polls: Poll[] }>(`/api/v1/events/${this.facts.slug}/polls`);
    if (told) this.events.polls(told.polls);
    return event !== null;
  }

  /** The addresses as they are now. */
  async playback(): Promise<Playback | null> {
    return this.#get<Playback>(`/api/v1/events/${this.facts.slug}/playback`);
  }

  async #get<T>(path: string): Promise<T | null> {
    try {
      const answer = await fetch((await this.nodes.base()) + path, {
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(8_000),
      });
      if (answer.status >= 500) this.nodes.failed();
      return answer.ok ? ((await answer.json()) as T) : null;
    } catch {
      this.nodes.failed();
      return null;
    }
  }

  get #open(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(socketAddress(await this.nodes.base()));
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAt = Date.now();
      const { floor } = this.events;
      socket.send(JSON.stringify({ event: "superchat:join", room: this.facts.slug, ...(floor === null ? {} : { after: floor }) }));
      // What changed while nobody listened is asked for; the first time the page itself is the answer.
      if (this.#tries > 0) void this.ask();
      this.#tries = 0;
    };
    socket.onmessage = ({ data }) => this.#hear(String(data));
    socket.onclose = () => {
      if (this.#socket === socket) this.#again();
    };
  }

  #again(): void {
    this.#socket = null;
    this.#tries += 1;
    if (this.#tries > 1) this.nodes.failed();
    const wait = Math.min(RETRY_MAX_MS, 500 * 2 ** Math.min(this.#tries, 6)) * (0.5 + Math.random());
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), wait);
    this.#schedule();
  }

  #hear(text: string): void {
    this.#heardAt = Date.now();
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return;
    }
    if (message.room !== undefined && message.room !== this.facts.slug) return;
    const { event, data } = message;
    if (event === "poll:update" && data) this.events.poll(data as unknown as Poll);
    else if (event === "stream:status" && data?.status) this.events.status(data.status);
    else if (event === "fight:update") void this.ask();
    else if (event === "viewers:count" && typeof data?.count === "number") this.events.viewers(data.count);
    else if (event === "epoch:update" && data?.master) {
      this.events.playback({ master: data.master, dvr: data.dvr ?? null });
    } else if (event === "server:reconnect") this.#move();
    else this.events.crowd(message);
  }

  /** The server is about to go: come back later, and not all at once. */
  #move(): void {
    const old = this.#socket;
    this.#socket = null;
    this.nodes.failed();
    old?.close(1000);
    this.#tries += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), Math.random() * 3_000);
    this.#schedule();
  }

  #keepAlive(): void {
    if (!this.#open) return;
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#socket?.close();
    else this.#socket?.send(JSON.stringify({ event: "ping" }));
  }

  #hurry(): void {
    void this.ask();
    if (this.#socket === null) {
      clearTimeout(this.#retry);
      void this.#connect();
    }
  }

  #schedule(): void {
    clearTimeout(this.#poll);
    const told = this.#open || (this.#socket && this.#tries === 0);
    // Never all at once: those who are told look now and then, those who are not about every two seconds.
    const wait = told ? CHECK_MS * (1 + Math.random()) : POLL_MS * (0.8 + 0.4 * Math.random());
    this.#poll = setTimeout(
      () => {
        const done = document.hidden ? Promise.resolve(false) : this.ask();
        if (!document.hidden && !this.#open) this.events.untold();
        void done.finally(() => this.#schedule());
      },
      wait,
    );
  }
}
