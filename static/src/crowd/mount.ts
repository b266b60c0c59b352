// The crowd on the watch page: the rail, the sheet, the goals.
import { part } from "../locked/parts";
import type { Facts } from "../player/facts";
import type { Nodes } from "../player/nodes";
import type { Say } from "../player/words";
import { coinsAre } from "../purse";
import { Board } from "./board";
import { GiftCounter } from "./counter";
import { Goals } from "./goals";
import { Moments } from "./moments";
import { Numbers, type Frame } from "./numbers";
import { Rail } from "./rail";
import { Sheet } from "./sheet";

export interface Crowd {
  readonly floor: number | null;
  hear(frame: Frame): boolean;
  poll(): void;
}

const FIRST_MS = 1_200;

const NOBODY: Crowd = { floor: null, hear: () => false, poll: () => undefined };

export function mountCrowd(facts: Facts, say: Say, nodes: Nodes): Crowd {
  const root = document.querySelector<HTMLElement>("[data-support]");
  if (!root) return NOBODY;
  const get = async <T>(path: string): Promise<T | null> => {
    try {
      const answer = await fetch(`${await nodes.base()}/api/v1/events/${facts.slug}/${path}`, {
        headers: { accept: "application/json" },
        credentials: "omit",
        signal: AbortSignal.timeout(8_000),
      });
      if (answer.status >= 500) nodes.failed();
      return answer.ok ? ((await answer.json()) as T) : null;
    } catch {
      nodes.failed();
      return null;
    }
  };
  const rail = new Rail(root, say);
  const board = new Board(root, say, get);
  const moments = new Moments(part(document, "moments"), say);
  const goals = new Goals(document.querySelector<HTMLElement>("[data-goals]"), part(root, "support-totals"), moments, say, get);
  const counter = new GiftCounter(facts.api, facts.slug);
  new Sheet(root, facts.support, say, counter, coinsAre);
  let live = false;
  const numbers = new Numbers(["superchat", "donation"], {
    support: (_, seq, support) => {
      rail.add(seq, support);
      board.soon();
      if (live && support.fighter) goals.add(support.fighter, support.coins);
    },
    hidden: (id) => {
      rail.remove(id);
      board.soon();
    },
    get,
  });
  // The picture comes first, and a full house does not ask in one moment.
  setTimeout(
    () => {
      void goals.start();
      void numbers.startNow(true).then(() => {
        live = true;
      });
    },
    FIRST_MS * (1 + Math.random()),
  );
  return {
    get floor() {
      return numbers.floor;
    },
    hear: (frame) => {
      if (frame.event === "milestone:update") {
        const { total_coins } = (frame.data ?? {}) as { total_coins?: number };
        if (typeof total_coins === "number") goals.total(total_coins);
        return true;
      }
      return numbers.hear(frame);
    },
    poll: () => {
      void (numbers.floor === null ? numbers.startNow(true) : numbers.poll());
      void goals.ask();
      board.soon();
    },
  };
}
