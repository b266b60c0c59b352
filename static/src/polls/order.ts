// Open polls first, then what was decided last; what is older lies folded below.
import { part } from "../locked/parts";
import type { PollCard } from "./card";

/** Puts the cards, given in the event's order, where they belong. One that stands right is not touched, so that focus and typing stay. */
export function arrange(list: HTMLElement, cards: PollCard[]): void {
  const past = part<HTMLElement>(list, "poll-past");
  const open = cards.filter(({ poll }) => poll.status === "open");
  const decided = cards.filter(({ poll }) => poll.status !== "open").reverse();
  // With nothing to vote on, the newest result is what one comes for; a closed poll's end is still awaited.
  const [newest] = decided;
  const seen = decided.filter((card) => card === newest || card.poll.status === "closed");
  const old = decided.filter((card) => !seen.includes(card));
  const focused = document.activeElement;
  place(list, [...open, ...seen].map(({ root }) => root), past);
  place(part(past, "poll-past-list"), old.map(({ root }) => root), null);
  past.hidden = old.length === 0;
  if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

function place(into: HTMLElement, roots: HTMLElement[], end: HTMLElement | null): void {
  let before: Element | null = end;
  for (const root of roots.reverse()) {
    if (root.parentElement !== into || root.nextElementSibling !== before) into.insertBefore(root, before);
    before = root;
  }
}
