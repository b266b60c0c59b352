// The keys of this page. Passing trouble is waited out here, with patience and on other nodes; a refusal is remembered,
// so that a picture built anew asks nobody again. Until a reload a key once given stays.
import type { KeyId } from "./keyid";
import type { Nodes } from "./nodes";

/** Why a key is not given: a truth, not a passing fault. */
export type Refusal = "locked" | "signed-out" | "taken";

/** The key, a refusal, or null while nobody could say. */
export type Answer = Uint8Array | Refusal | null;

const TIMEOUT_MS = 6_000;
const FIRST_WAIT_MS = 250;
const WAIT_MAX_MS = 4_000;
const BUSY_WAIT_MAX_MS = 10_000;
/** Tries of a question that somebody looks at. */
const ASKED_TRIES = 4;

/** A refusal that holds for every fight. */
const EVERY = "*";

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const jitter = (ms: number): number => ms * (0.5 + Math.random());

interface Reply {
  answer: Answer;
  /** The server's own wish for the next try, milliseconds. */
  afterMs?: number;
}

function refusalOf(status: number, code: string): Refusal | null {
  if (status === 401) return "signed-out";
  if (status === 403) return code === "playback.lease_lost" ? "taken" : "locked";
  return null;
}

export class KeyRing {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #asked = new Map<string, Promise<Reply>>();
  readonly #refused = new Map<string, Refusal>();
  #forgiven: () => void = () => undefined;
  #forgiveness = this.#newForgiveness();

  constructor(
    readonly nodes: Nodes,
    /** A key did not come for a passing reason. */
    readonly onTrouble: () => void,
  ) {}

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /**
   * The key, however long it takes. A refusal is told and then waited for until `forgive`; only the signal ends it early.
   */
  async get(key: KeyId, signal: AbortSignal, refused: (why: Refusal) => void): Promise<Uint8Array> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")), { once: true });
    });
    aborted.catch(() => undefined);
    for (let tries = 0; ; tries += 1) {
      const why = this.#refused.get(key.fight) ?? this.#refused.get(EVERY);
      const known = this.#keys.get(key.id);
      if (why !== undefined) {
        refused(why);
        await Promise.race([this.#forgiveness, aborted]);
        tries = 0;
        continue;
      }
      if (known) return known;
      const { answer, afterMs } = await Promise.race([this.#ask(key), aborted]);
      if (answer instanceof Uint8Array) return answer;
      if (answer === null) await Promise.race([sleep(waitMs(tries, afterMs)), aborted]);
    }
  }

  /** Asks ahead of need; nothing hangs on it. */
  async early(key: KeyId, signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < ASKED_TRIES && !signal.aborted && !this.#keys.has(key.id); tries += 1) {
      const { answer, afterMs } = await this.#ask(key, false);
      if (answer !== null) return;
      await sleep(waitMs(tries + 2, afterMs));
    }
  }

  /** Asks anew, once, whatever was refused before. */
  async again(key: KeyId): Promise<Answer> {
    for (let tries = 0; tries < ASKED_TRIES; tries += 1) {
      const { answer, afterMs } = await this.#ask(key);
      if (answer !== null) return answer;
      await sleep(waitMs(tries, afterMs));
    }
    return null;
  }

  /** Nothing is given any more until `forgive`, for every fight. */
  refuse(why: Refusal): void {
    this.#refused.set(EVERY, why);
  }

  /** What was refused may be asked again, and whoever waits does. */
  forgive(): void {
    this.#refused.clear();
    const told = this.#forgiven;
    this.#forgiveness = this.#newForgiveness();
    told();
  }

  #newForgiveness(): Promise<void> {
    return new Promise((done) => {
      this.#forgiven = done;
    });
  }

  /** One request at a time for a key. */
  #ask(key: KeyId, remember = true): Promise<Reply> {
    const running = this.#asked.get(key.id);
    if (running) return running;
    const asked = this.#request(key)
      .then((reply) => {
        const { answer } = reply;
        if (answer instanceof Uint8Array) this.#keys.set(key.id, answer);
        else if (answer === null) this.onTrouble();
        else if (remember) this.#refused.set(answer === "locked" ? key.fight : EVERY, answer);
        return reply;
      })
      .finally(() => this.#asked.delete(key.id));
    this.#asked.set(key.id, asked);
    return asked;
  }

  async #request({ id }: KeyId): Promise<Reply> {
    try {
      const reply = await fetch(`${await this.nodes.base()}/api/v1/keys/${id}`, {
        credentials: "include",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (reply.ok) {
        const bytes = new Uint8Array(await reply.arrayBuffer());
        return { answer: bytes.length === 16 ? bytes : null };
      }
      const problem = (await reply.json().catch(() => null)) as { error?: { code?: string } } | null;
      const code = problem?.error?.code ?? "";
      const answer = refusalOf(reply.status, code);
      // Asked before its turn: the node is well.
      if (reply.status >= 500 && code !== "playback.too_early") this.nodes.failed();
      const after = Number(reply.headers.get("retry-after")) * 1_000;
      return after > 0 ? { answer, afterMs: after } : { answer };
    } catch {
      this.nodes.failed();
      return { answer: null };
    }
  }
}

/** Longer each time and never the same for two viewers; a server's wish is heard, within reason. */
function waitMs(tries: number, afterMs: number | undefined): number {
  const own = Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 6));
  return jitter(afterMs === undefined ? own : Math.min(BUSY_WAIT_MAX_MS, Math.max(own, Math.min(afterMs, own * 4))));
}

