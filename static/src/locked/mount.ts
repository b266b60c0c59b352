// What stands over the picture while the gate is shut: the locked card, or the notice of another device.
import type { Facts } from "../player/facts";
import type { Player } from "../player/player";
import type { Say } from "../player/words";
import { LockedCard } from "./card";
import { Counter, type NightStanding } from "./counter";
import { part, written } from "./parts";

/** Wires the gate to the page. */
export function mountLocked(root: HTMLElement, facts: Facts, say: Say, player: Player): void {
  const { gate } = player;
  const counter = new Counter(facts.api, facts.slug);
  const card = new LockedCard(root, {
    title: facts.title,
    sale: facts.sale,
    say,
    gate,
    counter,
    mode: () => player.mode,
    get goLive() {
      return player.phase === "live" || player.phase === "interrupted" ? () => player.goLive() : null;
    },
    learned: (night, coins) => showLearned(night, coins, say),
  });
  const taken = mountTaken(root, say, () => gate.takeHere());
  const news = part(root, "gate-news");
  const changed = (): void => {
    const { shut } = gate;
    const focused = root.contains(document.activeElement);
    card.show(shut && shut.why !== "taken" ? shut : null);
    taken(shut?.why === "taken");
    news.textContent = shut === null ? "" : shut.why === "taken" ? say("taken-title") : card.news;
    if (shut) leaveNativeScreen(player.video);
    // Whoever stood inside the player must not be left on something that is gone.
    if (shut && focused) part(root, shut.why === "taken" ? "take-here" : "locked-title").focus({ preventScroll: true });
    else if (!shut && focused && !(document.activeElement instanceof HTMLVideoElement)) focusPlay(root);
  };
  gate.onChange(changed);
  if (gate.shut) changed();
}

function mountTaken(root: HTMLElement, say: Say, takeHere: () => Promise<boolean>): (shown: boolean) => void {
  const [notice, button, said] = [part(root, "taken"), part<HTMLButtonElement>(root, "take-here"), part(root, "taken-said")];
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    said.textContent = say("taken-moving");
    const moved = await takeHere();
    said.textContent = moved ? "" : say("taken-failed");
    said.toggleAttribute("data-bad", !moved);
    button.setAttribute("aria-disabled", "false");
  });
  return (shown) => {
    notice.hidden = !shown;
    if (shown) said.textContent = "";
  };
}

/** The strip and the page's head say what was learned. */
function showLearned(night: NightStanding | null, coins: number | null, say: Say): void {
  for (const fight of night?.fights ?? []) {
    const mark = document.querySelector<HTMLElement>(`.fight-strip [data-fight="${fight.number}"] [data-mark]`);
    if (!mark || fight.price <= 0) continue;
    mark.toggleAttribute("data-open", fight.unlocked);
    mark.textContent = fight.unlocked ? say("unlock-open") : say("coins-amount", { coins: written(fight.price) });
  }
  const balance = document.querySelector(".site-head .coin-balance")?.lastChild;
  if (balance && coins !== null) balance.textContent = written(coins);
}

/** iPhones show the video on a screen of its own, where a page cannot stand over it. */
function leaveNativeScreen(video: HTMLVideoElement): void {
  const native = video as HTMLVideoElement & { webkitDisplayingFullscreen?: boolean; webkitExitFullscreen?: () => void };
  if (native.webkitDisplayingFullscreen) native.webkitExitFullscreen?.();
}

function focusPlay(root: HTMLElement): void {
  root.querySelector<HTMLElement>("media-play-button")?.focus({ preventScroll: true });
}
