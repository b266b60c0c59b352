// What stands over the picture while the gate is shut: the locked card, or the notice of another device.
import type { Facts, Sale } from "../player/facts";
import type { Shut } from "../player/gate";
import type { Player } from "../player/player";
import type { Say } from "../player/words";
import { coinsAre } from "../purse";
import { LockedCard } from "./card";
import { Counter, type NightStanding } from "./counter";
import { part, written } from "./parts";

/** Wires the gate to the page. */
export function mountLocked(root: HTMLElement, facts: Facts, say: Say, player: Player): void {
  const { gate } = player;
  // The page may come with its card on, before the player has asked: it stands until the player knows better.
  let ahead: Shut | null = aheadOf(facts.sale);
  const card = new LockedCard(root, {
    title: facts.title,
    sale: facts.sale,
    say,
    askAgain: async () => {
      if (!gate.shut && ahead) {
        // Nothing was fetched yet: a press is what the picture waits for.
        uncover();
        player.press();
        return true;
      }
      return gate.askAgain();
    },
    counter: new Counter(facts.api, facts.slug),
    mode: () => player.mode,
    get goLive() {
      return player.phase === "live" || player.phase === "interrupted" ? () => player.goLive() : null;
    },
    learned: (night, coins) => showLearned(night, coins, say),
  });
  const taken = mountTaken(root, say, () => gate.takeHere());
  const news = part(root, "gate-news");
  const show = (shut: Shut | null): void => {
    root.toggleAttribute("data-covered", shut !== null);
    card.show(shut && shut.why !== "taken" ? shut : null);
    taken(shut?.why === "taken");
  };
  const uncover = (): void => {
    if (!ahead) return;
    ahead = null;
    if (!gate.shut) show(null);
  };
  const changed = (): void => {
    const { shut } = gate;
    const focused = root.contains(document.activeElement);
    ahead = null;
    show(shut);
    news.textContent = shut === null ? "" : shut.why === "taken" ? say("taken-title") : card.news;
    if (shut) leaveNativeScreen(player.video);
    // Whoever stood inside the player must not be left on something that is gone.
    if (shut && focused) part(root, shut.why === "taken" ? "take-here" : "locked-title").focus({ preventScroll: true });
    else if (!shut && focused) focusWhenPlaying(root, player.video);
  };
  gate.onChange(changed);
  if (ahead) show(ahead);
  player.video.addEventListener("playing", uncover);
}

function aheadOf({ ahead, signed_in }: Sale): Shut | null {
  return ahead === null ? null : { why: signed_in ? "locked" : "signed-out", fight: ahead };
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

/** The strip, the card and the page's head say what was learned. */
function showLearned(night: NightStanding | null, coins: number | null, say: Say): void {
  for (const fight of night?.fights ?? []) {
    if (fight.price <= 0) continue;
    for (const mark of document.querySelectorAll(`[data-fight="${fight.number}"] [data-mark]`)) {
      mark.toggleAttribute("data-open", fight.unlocked);
      mark.textContent = fight.unlocked ? say("unlock-open") : say("coins-amount", { coins: written(fight.price) });
    }
  }
  if (coins !== null) coinsAre(coins);
}

/** iPhones show the video on a screen of its own, where a page cannot stand over it. */
function leaveNativeScreen(video: HTMLVideoElement): void {
  const native = video as HTMLVideoElement & { webkitDisplayingFullscreen?: boolean; webkitExitFullscreen?: () => void };
  if (native.webkitDisplayingFullscreen) native.webkitExitFullscreen?.();
}

/** The controls take the focus that the card held, once they are there. */
function focusWhenPlaying(root: HTMLElement, video: HTMLVideoElement): void {
  const take = (): void => {
    const stray = document.activeElement === null || document.activeElement === document.body;
    if (stray) root.querySelector<HTMLElement>("media-play-button")?.focus({ preventScroll: true });
  };
  // The picture is uncovered by the same event, a moment later.
  video.addEventListener("playing", () => setTimeout(take, 300), { once: true });
}
