// Giving coins: one question to the server, asked again with the same key until somebody answers it.
import { newKey } from "../locked/counter";

export interface Wish {
  coins: number;
  fighter_id?: string;
  message?: string;
  anonymous: boolean;
}

export type Given =
  | { kind: "given"; balance: number; held: boolean }
  | { kind: "short" }
  | { kind: "signed-out" }
  | { kind: "closed" }
  | { kind: "often" }
  /** The server says in words what is wrong. */
  | { kind: "refused"; code: string }
  /** Nobody knows: asked again with the same key it is given once. */
  | { kind: "away" };

const PATIENCE_MS = 10_000;

export class GiftCounter {
  /** Of gifts whose end is not known. */
  readonly #keys = new Map<string, string>();

  constructor(
    readonly api: string,
    readonly slug: string,
  ) {}

  /** What the viewer has; null: nobody answered. */
  async balance(): Promise<number | "signed-out" | null> {
    const answer = await this.#ask("/api/v1/me", { headers: { accept: "application/json" } });
    if (answer?.status === 401) return "signed-out";
    return answer?.ok ? ((await answer.json()) as { coins: number }).coins : null;
  }

  async give(wish: Wish): Promise<Given> {
    const body = JSON.stringify(wish);
    const key = this.#keys.get(body) ?? newKey();
    this.#keys.set(body, key);
    const headers = { accept: "application/json", "content-type": "application/json", "idempotency-key": key };
    const answer = await this.#ask(`/api/v1/events/${this.slug}/supports`, { method: "POST", headers, body });
    if (!answer || answer.status >= 500) return { kind: "away" };
    this.#keys.delete(body);
    if (answer.ok) {
      const { balance, held } = (await answer.json()) as { balance: number; held: boolean };
      return { kind: "given", balance, held };
    }
    if (answer.status === 401) return { kind: "signed-out" };
    if (answer.status === 429) return { kind: "often" };
    const { error } = (await answer.json().catch(() => ({}))) as { error?: { code?: string } };
    if (error?.code === "ledger.insufficient_coins") return { kind: "short" };
    return error?.code === "superchat.closed" ? { kind: "closed" } : { kind: "refused", code: error?.code ?? "" };
  }

  async #ask(path: string, asked: RequestInit): Promise<Response | null> {
    try {
      return await fetch(this.api + path, { credentials: "include", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...asked });
    } catch {
      return null;
    }
  }
}
