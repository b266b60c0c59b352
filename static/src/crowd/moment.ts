// A step of the ladder was reached: the picture says so for a moment, one step after the other.
import type { Say } from "../player/words";
import { words } from "./card";

const STAYS_MS = 6_000;
const SPARKS = 14;

export class Moments {
  readonly #waiting: string[] = [];
  #busy = false;

  constructor(
    readonly place: HTMLElement | null,
    readonly say: Say,
  ) {}

  add(title: string): void {
    this.#waiting.push(title);
    this.#next();
  }

  #next(): void {
    const title = this.#waiting[0];
    if (this.#busy || title === undefined || !this.place) return;
    this.#busy = true;
    this.#waiting.shift();
    const moment = document.createElement("div");
    moment.className = "moment";
    const sparks = document.createElement("div");
    sparks.className = "sparks";
    sparks.setAttribute("aria-hidden", "true");
    for (let at = 0; at < SPARKS; at += 1) {
      const spark = document.createElement("i");
      spark.style.setProperty("--turn", `${(360 / SPARKS) * at}deg`);
      spark.style.setProperty("--far", `${5 + (at % 3) * 2}rem`);
      sparks.append(spark);
    }
    moment.append(sparks, words("p", "moment-words", this.say("support-moment", { title })));
    this.place.replaceChildren(moment);
    setTimeout(() => {
      moment.remove();
      this.#busy = false;
      this.#next();
    }, STAYS_MS);
  }
}
