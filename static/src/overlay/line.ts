// The line of an overlay to its event: a socket, and while it is down a question every two seconds.
import { Numbers, type Frame, type Kind, type Support } from "../crowd/numbers";
import type { Nodes } from "../player/nodes";

export interface LineEvents {
  support(kind: Kind, seq: number, support: Support): void;
  hidden(id: string): void;
  /** Anything else that the socket says. */
  said(event: string): void;
  /** The socket is away, or back after it was: whatever is told by it alone may have changed. */
  untold(): void;
}

const POLL_MS = 2_000;
const PING_MS = 20_000;
const SILENCE_MS = 70_000;
const RETRY_MAX_MS = 8_000;

export class Line {
  #socket: WebSocket | null = null;
  #tries = 0;
  #heardAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #numbers: Numbers;

  constructor(
    readonly slug: string,
    kinds: readonly Kind[],
    readonly nodes: Nodes,
    /** `overlay=` and, on the broadcast's own page, `key=`. */
    readonly query: URLSearchParams,
    readonly events: LineEvents,
  ) {
    this.#numbers = new Numbers(kinds, {
      support: (kind, seq, support) => events.support(kind, seq, support),
      hidden: (id) => events.hidden(id),
      get: (path) => this.get(path),
    });
  }

  /** `after`: up to which number everything was shown; null: only what comes from now on. */
  async start(after: number | null): Promise<void> {
    if (after !== null) this.#numbers.startAt(after);
    else while (!(await this.#numbers.startNow())) await new Promise((done) => setTimeout(done, POLL_MS));
    void this.#connect();
    setInterval(() => this.#keepAlive(), PING_MS);
    setInterval(() => {
      if (this.#open) return;
      void this.#numbers.poll();
      this.events.untold();
    }, POLL_MS);
  }

  /** JSON of the event; null: it could not be had. */
  async get<T>(path: string): Promise<T | null> {
    try {
      const answer = await fetch(`${await this.nodes.base()}/api/v1/events/${this.slug}/${path}`, {
        headers: { accept: "application/json" },
        cache: "no-store",
        credentials: "omit",
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
    const address = new URL(`${await this.nodes.base()}/ws`, location.href);
    address.search = this.query.toString();
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAt = Date.now();
      socket.send(JSON.stringify({ event: "superchat:join", room: this.slug, after: this.#numbers.floor ?? 0 }));
      if (this.#tries > 0) this.events.untold();
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
    const wait = Math.min(RETRY_MAX_MS, 400 * 2 ** Math.min(this.#tries, 5)) * (0.6 + Math.random() * 0.8);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), wait);
    void this.#numbers.poll();
  }

  #hear(text: string): void {
    this.#heardAt = Date.now();
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return;
    }
    if (frame.room !== undefined && frame.room !== this.slug) return;
    if (frame.event === "server:reconnect") {
      const old = this.#socket;
      this.nodes.failed();
      this.#again();
      old?.close(1000);
    } else if (!this.#numbers.hear(frame)) this.events.said(frame.event);
  }

  #keepAlive(): void {
    if (!this.#open) return;
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#socket?.close();
    else this.#socket?.send(JSON.stringify({ event: "ping" }));
  }
}
