// The viewer's coins as this page knows them: whoever learns of them tells all places that show them.
import { written } from "./locked/parts";

const followers = new Set<(coins: number) => void>();

/** What the viewer has now, by whatever way it was learned. */
export function coinsAre(coins: number): void {
  const balance = document.querySelector(".site-head .coin-balance")?.lastChild;
  if (balance) balance.textContent = written(coins);
  for (const follow of followers) follow(coins);
}

/** Is told whenever somebody on the page learns what the viewer has. */
export function followCoins(follow: (coins: number) => void): void {
  followers.add(follow);
}
