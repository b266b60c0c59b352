// The polls of the watch page: those it was made with, and those that open later.
import { Counter } from "../locked/counter";
import type { Facts } from "../player/facts";
import type { Say } from "../player/words";
import { coinsAre, followCoins } from "../purse";
import { arrange } from "./order";
import { PollCard, type Purse } from "./card";
import type { Poll } from "./poll";

export interface Polls {
  /** One poll, as the room tells it. */
  hear(poll: Poll): void;
  /** All of them, as the API tells them. */
  know(polls: Poll[]): void;
}

function newCard(list: HTMLElement, poll: Poll): HTMLElement {
  const template = document.querySelector<HTMLTemplateElement>("#poll-card");
  const root = template?.content.firstElementChild?.cloneNode(true);
  if (!(root instanceof HTMLElement)) throw new Error("the page has no card to copy");
  root.dataset["poll"] = poll.id;
  const named = { title: `poll-${poll.id}-title`, sure: `poll-${poll.id}-sure` };
  root.setAttribute("aria-labelledby", named.title);
  root.querySelector("[data-poll-question]")?.setAttribute("id", named.title);
  root.querySelector("[data-poll-options]")?.setAttribute("aria-labelledby", named.title);
  root.querySelector("[data-poll-question-sure]")?.setAttribute("id", named.sure);
  root.querySelector("[data-poll-sure]")?.setAttribute("aria-labelledby", named.sure);
  list.prepend(root);
  return root;
}

/** Wires the cards to the page. */
export function mountPolls(facts: Facts, say: Say): Polls {
  const list = document.querySelector<HTMLElement>("[data-poll-list]");
  const cards = new Map<string, PollCard>();
  const shown = new Map<string, Poll["status"]>();
  /** The event's order: as the API lists them, and what opens later behind it. */
  const ranks = new Map<string, number>();
  const drawAll = (): void => cards.forEach((card) => card.draw());
  const purse: Purse = {
    say,
    signedIn: facts.sale.signed_in,
    coins: facts.coins,
    counter: new Counter(facts.api, facts.slug),
    shop: facts.sale.coins,
    moved: coinsAre,
    signedOut() {
      this.signedIn = false;
      drawAll();
    },
  };
  followCoins((coins) => {
    purse.coins = coins;
    drawAll();
  });
  const rank = ({ poll }: PollCard): number => ranks.get(poll.id) ?? 0;
  const byRank = (one: PollCard, other: PollCard): number => rank(one) - rank(other);
  const hear = (poll: Poll): void => {
    const known = cards.get(poll.id);
    if (!list) return;
    if (known) known.update(poll);
    else {
      const root = list.querySelector<HTMLElement>(`[data-poll="${poll.id}"]`) ?? newCard(list, poll);
      cards.set(poll.id, new PollCard(root, poll, purse));
    }
    if (!ranks.has(poll.id)) ranks.set(poll.id, ranks.size);
    if (shown.get(poll.id) !== poll.status) arrange(list, [...cards.values()].sort(byRank));
    shown.set(poll.id, poll.status);
  };
  const know = (polls: Poll[]): void => {
    polls.forEach(({ id }, at) => ranks.set(id, at));
    polls.forEach(hear);
  };
  know(facts.polls);
  // Coins may have been bought or spent on another page meanwhile.
  const look = async (): Promise<void> => {
    if (!purse.signedIn || cards.size === 0 || document.hidden) return;
    const me = await purse.counter.me();
    if (me === "signed-out") purse.signedOut();
    else if (me && me.coins !== purse.coins) purse.moved(me.coins);
  };
  addEventListener("focus", () => void look());
  addEventListener("pageshow", (shown) => shown.persisted && void look());
  return { hear, know };
}
