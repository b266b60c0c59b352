// Each support exactly once and in order of arrival, through socket, poll and socket again.
//
// Every public fact of an event has a number. Kept are the number up to which nothing is missing, list by list, and what is
// known beyond it; what a reconnect or a poll tells again is dropped, and a number that was left out is asked for.

export type Kind = "superchat" | "donation";

/** A support as the socket and the API tell it. */
export interface Support {
  id: string;
  /** Null: anonymous. */
  name: string | null;
  coins: number;
  message: string | null;
  tier: string | null;
  color: string | null;
  hold_ms: number | null;
  pin_ms: number | null;
  fighter: { id: string; name: string } | null;
  /** RFC 3339. */
  at: string;
}

export interface Frame {
  event: string;
  room?: string;
  seq?: number;
  data?: unknown;
}

interface Page {
  items: (Support & { seq: number; hidden?: boolean })[];
  next_after: number;
}

export interface NumbersEvents {
  support(kind: Kind, seq: number, support: Support): void;
  hidden(id: string): void;
  /** JSON below the event's address in the API; null: it could not be had. */
  get<T>(path: string): Promise<T | null>;
}

const LISTS: Record<Kind, string> = { superchat: "superchats", donation: "donations" };
const FRAMES: Record<string, Kind> = { "superchat:new": "superchat", "donation:new": "donation", "superchat:hidden": "superchat" };
/** Another node's fact may come a moment before an earlier one. */
const GAP_MS = 600;
const KNOWN_MAX = 4_000;

export class Numbers {
  #after: Record<Kind, number> | null = null;
  readonly #known = new Set<number>();
  #polling = false;
  #gap: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly kinds: readonly Kind[],
    readonly events: NumbersEvents,
  ) {}

  /** Up to here nothing is missing; null: nobody has said yet where now is. */
  get floor(): number | null {
    const after = this.#after;
    return after && Math.min(...this.kinds.map((kind) => after[kind]));
  }

  /** Everything up to this number was shown. */
  startAt(after: number): void {
    this.#after = { superchat: after, donation: after };
  }

  /** The newest of what there is; with `show` it is told. False: nobody answered. */
  async startNow(show = false): Promise<boolean> {
    const kinds = ["superchat", "donation"] as const;
    const [superchat, donation] = await Promise.all(kinds.map((kind) => this.events.get<Page>(LISTS[kind])));
    if (!superchat || !donation) return false;
    if (show) for (const kind of this.kinds) this.#takeAll(kind, kind === "superchat" ? superchat : donation);
    this.#after = { superchat: superchat.next_after, donation: donation.next_after };
    return true;
  }

  /** Whether a frame was a numbered one. */
  hear({ event, seq, data }: Frame): boolean {
    const kind = FRAMES[event];
    if (!kind || seq === undefined) return false;
    const floor = this.floor;
    if (floor !== null && seq > floor + 1 && !this.#known.has(seq - 1)) this.#askForGap();
    this.#take(kind, seq, data as Support, event === "superchat:hidden");
    return true;
  }

  /** All that is missing, list by list. */
  async poll(): Promise<void> {
    if (this.#polling || !this.#after) return;
    this.#polling = true;
    try {
      for (const kind of this.kinds) {
        for (let more = true; more; ) {
          const page: Page | null = await this.events.get<Page>(`${LISTS[kind]}?after=${this.#after[kind]}`);
          if (!page) return;
          this.#takeAll(kind, page);
          more = page.next_after > this.#after[kind] && page.items.length > 0;
          this.#after[kind] = Math.max(this.#after[kind], page.next_after);
        }
      }
    } finally {
      this.#polling = false;
    }
  }

  #takeAll(kind: Kind, page: Page): void {
    for (const { seq, hidden, ...support } of page.items) this.#take(kind, seq, support, hidden === true);
  }

  #take(kind: Kind, seq: number, support: Support, hidden: boolean): void {
    if (this.#known.has(seq) || seq <= (this.#after?.[kind] ?? 0)) return;
    this.#known.add(seq);
    this.#advance();
    if (this.#known.size > KNOWN_MAX) for (const old of this.#known) if (old <= (this.floor ?? 0)) this.#known.delete(old);
    if (hidden) this.events.hidden(support.id);
    else if (this.kinds.includes(kind)) this.events.support(kind, seq, support);
  }

  /** Where no number is left out, nothing is missing of either list. */
  #advance(): void {
    if (!this.#after) return;
    let whole = this.floor ?? 0;
    while (this.#known.has(whole + 1)) whole += 1;
    for (const kind of ["superchat", "donation"] as const) this.#after[kind] = Math.max(this.#after[kind], whole);
  }

  /** A number was left out. It may be nobody's any more, or on its way. */
  #askForGap(): void {
    this.#gap ??= setTimeout(() => {
      this.#gap = undefined;
      void this.poll();
    }, GAP_MS);
  }
}
