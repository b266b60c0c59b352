// The crowd beside the picture: what is pinned, and what came last.
import { part } from "../locked/parts";
import type { Say } from "../player/words";
import { supportCard } from "./card";
import type { Support } from "./numbers";

const ROWS_MAX = 60;
const PINS_MAX = 6;

export class Rail {
  readonly #list: HTMLElement;
  readonly #pins: HTMLElement;
  readonly #empty: HTMLElement;

  constructor(
    root: HTMLElement,
    readonly say: Say,
  ) {
    this.#list = part(root, "support-rail");
    this.#pins = part(root, "support-pins");
    this.#empty = part(root, "support-empty");
    setInterval(() => this.#unpin(), 5_000);
  }

  /** Newest first, whatever comes in what order. */
  add(seq: number, support: Support): void {
    this.remove(support.id);
    const row = this.#row(support);
    row.dataset["seq"] = String(seq);
    const older = [...this.#list.children].find((other) => Number((other as HTMLElement).dataset["seq"]) < seq);
    this.#list.insertBefore(row, older ?? null);
    while (this.#list.childElementCount > ROWS_MAX) this.#list.lastElementChild?.remove();
    const until = Date.parse(support.at) + (support.pin_ms ?? 0);
    if (until > Date.now()) this.#pin(support, until);
    this.#empty.hidden = true;
  }

  remove(id: string): void {
    for (const list of [this.#list, this.#pins]) for (const row of [...list.children]) if ((row as HTMLElement).dataset["id"] === id) row.remove();
    this.#empty.hidden = this.#list.childElementCount > 0;
  }

  #row(support: Support): HTMLElement {
    const row = document.createElement("li");
    row.dataset["id"] = support.id;
    row.append(supportCard(support, this.say));
    return row;
  }

  /** The dearest first; a pin says what it is in one line. */
  #pin(support: Support, until: number): void {
    const pin = this.#row(support);
    pin.dataset["until"] = String(until);
    pin.dataset["coins"] = String(support.coins);
    const before = [...this.#pins.children].find((other) => Number((other as HTMLElement).dataset["coins"]) < support.coins);
    this.#pins.insertBefore(pin, before ?? null);
    while (this.#pins.childElementCount > PINS_MAX) this.#pins.lastElementChild?.remove();
  }

  #unpin(): void {
    for (const pin of [...this.#pins.children] as HTMLElement[]) if (Number(pin.dataset["until"]) < Date.now()) pin.remove();
  }
}
