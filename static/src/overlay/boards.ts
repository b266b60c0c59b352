// What stands on the broadcast for as long as it is switched on: the ladder, the leaderboard, the poll.
import { words } from "../crowd/card";
import { Moments } from "../crowd/moments";
import { written } from "../locked/parts";
import type { Say } from "../player/words";
import type { Line } from "./line";

interface Ladder {
  total_coins: number;
  milestones: { title: string; coins: number; reached: boolean }[];
}

interface Poll {
  question: string;
  status: "open" | "closed" | "settled";
  options: { id: string; label: string; votes: number }[];
}

const BOARD_ROWS = 5;
const TOGETHER_MS = 400;
const ANYWAY_MS = 30_000;

/** Asks again soon after something was told, once for everything that comes together; and now and then anyway. */
export class Board {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly refresh: () => Promise<void>) {
    void refresh();
    setInterval(() => void refresh(), ANYWAY_MS);
  }

  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, TOGETHER_MS);
  }
}

function bar(share: number): HTMLElement {
  const track = document.createElement("div");
  track.className = "bar";
  const fill = document.createElement("span");
  fill.style.setProperty("--share", String(Math.min(1, Math.max(0, share))));
  track.append(fill);
  return track;
}

/** The ladder: each rung fills from the one below it; a rung that is reached has its moment. */
export function ladder(stage: HTMLElement, line: Line, say: Say): Board {
  let reached: Set<string> | null = null;
  const [place, holder] = [document.createElement("div"), document.createElement("div")];
  place.className = "moments";
  const moments = new Moments(place, say);
  stage.replaceChildren(place, holder);
  return new Board(async () => {
    const now = await line.get<Ladder>("milestones");
    if (!now) return;
    const list = document.createElement("ol");
    list.className = "panel ladder";
    list.append(words("h2", "panel-title", say("overlay-goals")), words("p", "panel-total", say("overlay-total", { coins: written(now.total_coins) })));
    let below = 0;
    for (const { title, coins, reached: done } of now.milestones) {
      const row = document.createElement("li");
      row.toggleAttribute("data-reached", done);
      // A lower total, as a node that lags tells it, does not make a step new again.
      if (done && reached && !reached.has(title + coins)) moments.tell({ title, coins });
      row.toggleAttribute("data-new", done && reached !== null && !reached.has(title + coins));
      row.append(words("b", "rung-title", title), words("span", "rung-coins", written(coins)), bar((now.total_coins - below) / (coins - below)));
      list.append(row);
      below = coins;
    }
    const done = now.milestones.filter(({ reached: so }) => so).map(({ title, coins }) => title + coins);
    reached = new Set([...(reached ?? []), ...done]);
    holder.replaceChildren(list);
  });
}

export function leaderboard(stage: HTMLElement, line: Line, say: Say): Board {
  return new Board(async () => {
    const now = await line.get<{ items: { name: string | null; coins: number }[] }>("leaderboard");
    if (!now) return;
    const list = document.createElement("ol");
    list.className = "panel board";
    list.append(words("h2", "panel-title", say("overlay-board")));
    now.items.slice(0, BOARD_ROWS).forEach(({ name, coins }, at) => {
      const row = document.createElement("li");
      row.append(words("i", "board-place", String(at + 1)), words("b", "board-name", name ?? say("overlay-anonymous")), words("span", "board-coins", written(coins)));
      list.append(row);
    });
    stage.replaceChildren(...(now.items.length > 0 ? [list] : []));
  });
}

/** The newest poll that is not a draft. */
export function poll(stage: HTMLElement, line: Line, say: Say): Board {
  return new Board(async () => {
    const now = await line.get<{ polls: Poll[] }>("polls");
    const shown = now?.polls.find(({ status }) => status === "open") ?? now?.polls.at(-1);
    if (!now || !shown) return;
    const card = document.createElement("section");
    card.className = "panel poll";
    const votes = shown.options.reduce((sum, option) => sum + option.votes, 0);
    card.append(words("p", "panel-title", shown.status === "open" ? say("overlay-poll-open") : say("overlay-poll-closed")), words("h2", "poll-question", shown.question));
    for (const option of shown.options) {
      const share = votes > 0 ? option.votes / votes : 0;
      const row = document.createElement("div");
      row.className = "poll-option";
      row.append(words("b", "poll-label", option.label), words("span", "poll-share", `${written(Math.round(share * 100))}%`), bar(share));
      card.append(row);
    }
    card.append(words("p", "poll-votes", say("overlay-votes", { count: written(votes) })));
    stage.replaceChildren(card);
  });
}
