// The line to the event: each support exactly once and in order of arrival, through socket, poll and socket again.
//
// Every public fact has a number. The line keeps up to which number nothing is missing and what is known beyond it; what a
// reconnect or a poll tells again is dropped, and a number that was left out is asked for.
import type { Nodes } from "../player/nodes";
import type { Support } from "./facts";

export type Kind = "superchat" | "donation";

export interface LineEvents {
  support(kind: Kind, seq: number, support: Support): void;
  hidden(id: string): void;
  /** Anything else that the socket says. */
  said(event: string, data: unknown): void;
  /** The socket is back after it was away: whatever was told by it alone may have changed. */
  back(): void;
}

interface Page {
  items: (Support & { seq: number; hidden?: boolean })[];
  next_after: number;
}

interface Frame {
  event: string;
  room?: string;
  seq?: number;
  data?: unknown;
}

const LISTS: Record<Kind, string> = { superchat: "superchats", donation: "donations" };
const POLL_MS = 2_000;
const PING_MS = 20_000;
const SILENCE_MS = 70_000;
const RETRY_MAX_MS = 8_000;
/** Another node's fact may come a moment before an earlier one. */
const GAP_MS = 600;
const KNOWN_MAX = 4_000;

export class Line {
  #socket: WebSocket | null = null;
  #tries = 0;
  #heardAt = 0;
  #after: Record<Kind, number> | null = null;
  #known = new Set<number>();
  #polling = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gap: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly slug: string,
    readonly kinds: readonly Kind[],
    readonly nodes: Nodes,
    readonly events: LineEvents,
  ) {}

  /** `after`: up to which number everything was shown; null: only what comes from now on. */
  async start(after: number | null): Promise<void> {
    if (after !== null) this.#after = { superchat: after, donation: after };
    else await this.#findNow();
    void this.#connect();
    setInterval(() => this.#keepAlive(), PING_MS);
    setInterval(() => {
      if (!this.#open) void this.#poll();
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

  /** Nothing older than now is shown: asks until somebody says what now is. */
  async #findNow(): Promise<void> {
    for (;;) {
      const pages = await Promise.all((["superchat", "donation"] as const).map((kind) => this.get<Page>(LISTS[kind])));
      const [superchat, donation] = pages;
      if (superchat && donation) {
        this.#after = { superchat: superchat.next_after, donation: donation.next_after };
        return;
      }
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  /** Up to here nothing is missing of what this page shows. */
  get #floor(): number {
    const after = this.#after ?? { superchat: 0, donation: 0 };
    return Math.min(...this.kinds.map((kind) => after[kind]));
  }

  #take(kind: Kind, seq: number, support: Support, hidden: boolean): void {
    if (this.#known.has(seq) || seq <= (this.#after?.[kind] ?? 0)) return;
    this.#known.add(seq);
    if (this.#known.size > KNOWN_MAX) for (const old of this.#known) if (old <= this.#floor) this.#known.delete(old);
    if (hidden) this.events.hidden(support.id);
    else if (this.kinds.includes(kind)) this.events.support(kind, seq, support);
  }

  /** All that is missing, list by list. */
  async #poll(): Promise<void> {
    if (this.#polling || !this.#after) return;
    this.#polling = true;
    try {
      for (const kind of this.kinds) {
        for (;;) {
          const page: Page | null = await this.get<Page>(`${LISTS[kind]}?after=${this.#after[kind]}`);
          if (!page) return;
          for (const { seq, hidden, ...support } of page.items) this.#take(kind, seq, support, hidden === true);
          const moved = page.next_after > this.#after[kind];
          this.#after[kind] = Math.max(this.#after[kind], page.next_after);
          if (!moved || page.items.length === 0) break;
        }
      }
    } finally {
      this.#polling = false;
    }
  }

  async #connect(): Promise<void> {
    const address = new URL(`${await this.nodes.base()}/ws`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAt = Date.now();
      socket.send(JSON.stringify({ event: "superchat:join", room: this.slug, after: this.#floor }));
      if (this.#tries > 0) this.events.back();
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
    void this.#poll();
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
    const { event, seq, data } = frame;
    if (event === "server:reconnect") {
      const old = this.#socket;
      this.nodes.failed();
      this.#again();
      old?.close(1000);
    } else if (seq !== undefined && (event === "superchat:new" || event === "donation:new" || event === "superchat:hidden")) {
      const kind = event === "donation:new" ? "donation" : "superchat";
      if (seq > this.#floor + 1 && !this.#known.has(seq - 1)) this.#askForGap();
      this.#take(kind, seq, data as Support, event === "superchat:hidden");
    } else this.events.said(event, data);
  }

  /** A number was left out. It may be nobody's any more, or on its way. */
  #askForGap(): void {
    this.#gap ??= setTimeout(() => {
      this.#gap = undefined;
      void this.#poll();
    }, GAP_MS);
  }

  #keepAlive(): void {
    if (!this.#open) return;
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#socket?.close();
    else this.#socket?.send(JSON.stringify({ event: "ping" }));
  }
}
