// The broadcast's own page says which alerts it has shown. What cannot be said now is said later: an alert never waits.
import type { Nodes } from "../player/nodes";

const AGAIN_MS = 3_000;
/** With more than so many unsaid, the oldest are left out. */
const UNSAID_MAX = 500;

export class Report {
  readonly #unsaid: number[] = [];
  #busy = false;
  #refused = false;

  constructor(
    readonly slug: string,
    readonly key: string,
    readonly nodes: Nodes,
  ) {}

  shown(seq: number): void {
    this.#unsaid.push(seq);
    if (this.#unsaid.length > UNSAID_MAX) this.#unsaid.shift();
    void this.#say();
  }

  async #say(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let seq = this.#unsaid[0]; seq !== undefined && !this.#refused; seq = this.#unsaid[0]) {
      if (await this.#send(seq)) this.#unsaid.splice(0, 1);
      else await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    this.#busy = false;
  }

  /** False: say it again later. */
  async #send(seq: number): Promise<boolean> {
    try {
      const answer = await fetch(`${await this.nodes.base()}/api/v1/events/${this.slug}/overlay/shown`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
        body: JSON.stringify({ seq }),
        credentials: "omit",
        signal: AbortSignal.timeout(8_000),
      });
      // The key was renewed: this page is not the broadcast's own any more.
      if (answer.status === 401) this.#refused = true;
      if (answer.status >= 500) this.nodes.failed();
      return answer.ok || (answer.status >= 400 && answer.status < 500 && answer.status !== 429);
    } catch {
      this.nodes.failed();
      return false;
    }
  }
}
