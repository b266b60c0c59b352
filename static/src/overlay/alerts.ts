// Alerts one after the other: by arrival, each for its time, and gone at once when a moderator hides it.
import { isDark, words } from "../crowd/card";
import type { Kind, Support } from "../crowd/numbers";
import { written } from "../locked/parts";
import type { Say } from "../player/words";
import type { OverlayFacts, Wishes } from "./facts";

interface Waiting {
  seq: number;
  kind: Kind;
  support: Support;
}

const LEAVE_MS = 400;
const DONATION_MS = 4_000;
/** With more than so many waiting, each stays for less: the last one shall still see the fight. */
const CALM_QUEUE = 6;
const SHORTEST = 0.35;

export class Alerts {
  readonly #queue: Waiting[] = [];
  readonly #shown = new Map<string, () => void>();

  constructor(
    readonly stage: HTMLElement,
    readonly facts: OverlayFacts,
    readonly wishes: Wishes,
    readonly say: Say,
    /** An alert is on the broadcast. */
    readonly onShow: (seq: number, support: Support) => void,
  ) {
    stage.dataset["position"] = wishes.position;
  }

  add(kind: Kind, seq: number, support: Support): void {
    this.#queue.push({ kind, seq, support });
    this.#next();
  }

  hide(id: string): void {
    const at = this.#queue.findIndex(({ support }) => support.id === id);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#shown.get(id)?.();
  }

  #next(): void {
    while (this.#shown.size < this.wishes.max) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#show(next);
    }
  }

  #show({ seq, kind, support }: Waiting): void {
    const card = this.#card(kind, support);
    this.stage.append(card);
    let over = false;
    const leave = (): void => {
      if (over) return;
      over = true;
      card.dataset["leaving"] = "";
      setTimeout(() => {
        card.remove();
        this.#shown.delete(support.id);
        this.#next();
      }, LEAVE_MS);
    };
    this.#shown.set(support.id, leave);
    setTimeout(leave, this.#holdMs(kind, support));
    this.onShow(seq, support);
  }

  #holdMs(kind: Kind, support: Support): number {
    const lowest = this.facts.tiers[0]?.hold_ms ?? 8_000;
    const own = kind === "donation" ? Math.min(support.hold_ms ?? DONATION_MS, DONATION_MS) : (support.hold_ms ?? lowest);
    const wished = this.wishes.holdMs === null ? own : (own / lowest) * this.wishes.holdMs;
    const crowd = Math.max(SHORTEST, 1 - Math.max(0, this.#queue.length - CALM_QUEUE) * 0.05);
    return wished * crowd;
  }

  #card(kind: Kind, support: Support): HTMLElement {
    const card = document.createElement("article");
    card.className = kind === "superchat" ? "alert" : "alert alert-small";
    card.dataset["id"] = support.id;
    if (support.tier) card.dataset["tier"] = support.tier;
    if (support.color) card.style.setProperty("--tier", support.color);
    card.toggleAttribute("data-dark", support.color !== null && isDark(support.color));
    const head = document.createElement("header");
    const name = words("b", "alert-name", support.name ?? this.say("overlay-anonymous"));
    const coins = words("span", "alert-coins", this.say("coins-amount", { coins: written(support.coins) }));
    head.append(name, coins);
    card.append(head);
    if (support.fighter) card.append(words("p", "alert-fighter", this.say("overlay-to", { fighter: support.fighter.name })));
    if (support.message) {
      const message = words("p", "alert-message", support.message);
      message.dataset["length"] = support.message.length > 160 ? "long" : support.message.length > 60 ? "middle" : "short";
      card.append(message);
    }
    return card;
  }
}
