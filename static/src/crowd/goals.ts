// The ladder filling, and what each fighter was given. Counted here from what is told, and asked for now and then.
import { written } from "../locked/parts";
import type { Say } from "../player/words";
import { words } from "./card";
import type { Moments } from "./moments";

interface Ladder {
  total_coins: number;
  milestones: { title: string; coins: number; reached: boolean }[];
  fighters: { id: string; name: string; coins: number }[];
}

/** A crowd that asks at once would be one more load on a full house. */
const ASK_EVERY_MS = 60_000;
const FIGHTERS_SHOWN = 6;

export class Goals {
  /** Null: nobody has said yet where it stands, so that nothing is new. */
  #total: number | null = null;
  /** Steps that had their moment, or were reached before this page was looked at. */
  readonly #past = new Set<string>();
  readonly #fighters = new Map<string, { name: string; coins: number }>();

  constructor(
    readonly root: HTMLElement | null,
    readonly totals: HTMLElement,
    readonly moments: Moments,
    readonly say: Say,
    readonly get: <T>(path: string) => Promise<T | null>,
  ) {}

  /** Asks now, and now and then. */
  async start(): Promise<void> {
    setInterval(() => void this.ask(), ASK_EVERY_MS * (0.8 + Math.random() * 0.4));
    await this.ask();
  }

  async ask(): Promise<void> {
    const now = await this.get<Ladder>("milestones");
    if (!now) return;
    this.#fighters.clear();
    for (const { id, name, coins } of now.fighters) this.#fighters.set(id, { name, coins });
    this.#showTotals();
    this.total(now.total_coins, true);
  }

  /** A fighter was given coins. */
  add(fighter: { id: string; name: string }, coins: number): void {
    const before = this.#fighters.get(fighter.id)?.coins ?? 0;
    this.#fighters.set(fighter.id, { name: fighter.name, coins: before + coins });
    this.#showTotals();
  }

  /** What was given in all: by the room, or `asked` for. A step that falls while one looks has its moment, once. */
  total(total: number, asked = false): void {
    if (!asked && total < (this.#total ?? 0)) return;
    const news = this.#total !== null;
    this.#total = total;
    if (!this.root) return;
    let below = 0;
    for (const rung of this.root.querySelectorAll<HTMLElement>("[data-rung]")) {
      const coins = Number(rung.dataset["rung"]);
      const reached = total >= coins;
      const share = Math.min(1, Math.max(0, (total - below) / (coins - below)));
      rung.querySelector<HTMLElement>(".goal-bar span")?.style.setProperty("--share", String(share));
      rung.toggleAttribute("data-reached", reached);
      if (reached) this.#reach(rung, coins, news);
      below = coins;
    }
    const said = this.root.querySelector("[data-goal-total]");
    if (said) said.textContent = this.say("overlay-total", { coins: written(total) });
  }

  #reach(rung: HTMLElement, coins: number, news: boolean): void {
    const title = rung.querySelector(".goal-title")?.textContent ?? "";
    const step = `${coins} ${title}`;
    if (this.#past.has(step)) return;
    this.#past.add(step);
    if (!news) return;
    rung.dataset["new"] = "";
    this.moments.tell({ title, coins });
  }

  #showTotals(): void {
    const rows = [...this.#fighters.values()].sort((one, other) => other.coins - one.coins).slice(0, FIGHTERS_SHOWN);
    const most = rows[0]?.coins ?? 1;
    this.totals.replaceChildren(
      ...rows.map(({ name, coins }) => {
        const row = document.createElement("li");
        const track = document.createElement("div");
        const fill = document.createElement("span");
        track.className = "goal-bar";
        fill.style.setProperty("--share", String(coins / most));
        track.append(fill);
        row.append(words("b", "total-name", name), words("span", "total-coins", written(coins)), track);
        return row;
      }),
    );
    this.totals.hidden = rows.length === 0;
  }
}
