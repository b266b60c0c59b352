// The counter: what the signed-in viewer has, what things cost them, and buying. Asks the API, answers in plain kinds.

/** Who is signed in here, and their coins. */
export interface Me {
  id: string;
  name: string;
  coins: number;
}

/** A fight, as it stands to the viewer. */
export interface Standing {
  number: number;
  price: number;
  unlocked: boolean;
  status: string;
}

/** An event, as it stands to the viewer. */
export interface NightStanding {
  fights: Standing[];
  /** What the whole night costs now; null: it is theirs, or not sold. */
  passDue: number | null;
  passUnlocked: boolean;
}

/** What a purchase has come to. */
export type Bought =
  | { kind: "opened"; balance: number }
  | { kind: "short" }
  | { kind: "price" }
  | { kind: "signed-out" }
  /** Nobody knows: asked again with the same key it is paid once. */
  | { kind: "away" };

/** What a vote has come to. */
export type Voted =
  | { kind: "taken"; left: number; balance: number }
  | { kind: "closed" }
  | { kind: "too-many" }
  | { kind: "short" }
  | { kind: "signed-out" }
  /** Nobody knows: asked again with the same key it is paid once. */
  | { kind: "away" };

interface EventAnswer {
  pass_due_coins: number | null;
  pass_unlocked: boolean;
  fights: { number: number; price_coins: number; unlocked: boolean; status: string }[];
}

const PATIENCE_MS = 10_000;

/** 26 letters by chance; `crypto.randomUUID` is missing where a page came by plain http. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(26));
  return [...bytes].map((byte) => (byte % 36).toString(36)).join("");
}

export class Counter {
  /** Keys of purchases whose end is not known. */
  readonly #keys = new Map<string, string>();

  constructor(
    readonly api: string,
    readonly slug: string,
  ) {}

  /** `null`: nobody answered. */
  async me(): Promise<Me | "signed-out" | null> {
    const answer = await this.#ask("/api/v1/me");
    if (answer?.status === 401) return "signed-out";
    return answer?.ok ? ((await answer.json()) as Me) : null;
  }

  /** `null`: nobody answered. */
  async night(): Promise<NightStanding | null> {
    const answer = await this.#ask(`/api/v1/events/${this.slug}`);
    if (!answer?.ok) return null;
    const event = (await answer.json()) as EventAnswer;
    const fights = event.fights.map(({ number, price_coins: price, unlocked, status }) => ({ number, price, unlocked, status }));
    return { fights, passDue: event.pass_due_coins, passUnlocked: event.pass_unlocked };
  }

  /** Buys one thing for at most `most` coins. */
  async buy(path: string, most: number): Promise<Bought> {
    const { answer, code } = await this.#pay(path, `${path} ${most}`, { max_coins: most });
    if (!answer) return { kind: "away" };
    if (answer.ok) return { kind: "opened", balance: ((await answer.json()) as { balance: number }).balance };
    if (answer.status === 401) return { kind: "signed-out" };
    if (code === "ledger.insufficient_coins") return { kind: "short" };
    return code === "events.price_changed" ? { kind: "price" } : { kind: "away" };
  }

  /** Votes for one answer with so many coins. */
  async vote(poll: string, option: string, coins: number): Promise<Voted> {
    const path = `/api/v1/polls/${poll}/votes`;
    const { answer, code } = await this.#pay(path, `${path} ${option} ${coins}`, { option_id: option, coins });
    if (!answer) return { kind: "away" };
    if (answer.ok) {
      const { votes_left: left, balance } = (await answer.json()) as { votes_left: number; balance: number };
      return { kind: "taken", left, balance };
    }
    if (answer.status === 401) return { kind: "signed-out" };
    switch (code) {
      case "polls.closed":
        return { kind: "closed" };
      case "polls.too_many_votes":
        return { kind: "too-many" };
      case "ledger.insufficient_coins":
        return { kind: "short" };
      default:
        return { kind: "away" };
    }
  }

  /** Pays once, however often it is sent: an offer keeps its key until its end is known. No answer: nobody knows. */
  async #pay(path: string, offer: string, body: object): Promise<{ answer: Response | null; code: string | undefined }> {
    const key = this.#keys.get(offer) ?? newKey();
    this.#keys.set(offer, key);
    const answer = await this.#ask(path, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(body),
    });
    if (!answer || answer.status >= 500 || answer.status === 429) return { answer: null, code: undefined };
    this.#keys.delete(offer);
    if (answer.ok || answer.status === 401) return { answer, code: undefined };
    const { error } = (await answer.json().catch(() => ({}))) as { error?: { code?: string } };
    return { answer, code: error?.code };
  }

  async #ask(path: string, asked: RequestInit = {}): Promise<Response | null> {
    try {
      return await fetch(this.api + path, {
        headers: { accept: "application/json" },
        credentials: "include",
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...asked,
      });
    } catch {
      return null;
    }
  }
}
