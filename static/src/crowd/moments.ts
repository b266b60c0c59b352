// The moment when a step is reached: a banner with its title, one after the other when several fall at once.
import { written } from "../locked/parts";
import type { Say } from "../player/words";
import { words } from "./card";

export interface Step {
  title: string;
  coins: number;
}

const HOLD_MS = 5_000;
const LEAVE_MS = 350;
/** A leap over the whole ladder shall not keep the banner for minutes. */
const QUEUE_MAX = 6;

export class Moments {
  readonly #queue: Step[] = [];
  #busy = false;

  constructor(
    /** Where the banner stands; a live region, so that it is read out. */
    readonly place: HTMLElement,
    readonly say: Say,
  ) {}

  tell(step: Step): void {
    this.#queue.push(step);
    if (this.#queue.length > QUEUE_MAX) this.#queue.shift();
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    const step = this.#queue.shift();
    if (!step) return;
    this.#busy = true;
    const banner = document.createElement("div");
    banner.className = "moment";
    const coins = this.say("coins-amount", { coins: written(step.coins) });
    banner.append(words("p", "moment-word", this.say("goal-reached")), words("p", "moment-title", step.title), words("p", "moment-coins", coins));
    this.place.replaceChildren(banner);
    setTimeout(() => {
      banner.dataset["leaving"] = "";
      setTimeout(() => {
        banner.remove();
        this.#busy = false;
        this.#next();
      }, LEAVE_MS);
    }, HOLD_MS);
  }
}
