// Who has given most. Counted on here from what is told, and asked for again a while after something was: a full house
// must not ask all at once.
import { written } from "../locked/parts";
import { words } from "./card";

interface Line {
  name: string;
  coins: number;
}

const SHOWN = 5;
const ASK_AFTER_MS = 15_000;
const SOON_MS = 3_000;

export class Board {
  #lines: Line[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly root: HTMLElement | null,
    readonly get: <T>(path: string) => Promise<T | null>,
  ) {}

  async ask(): Promise<void> {
    if (!this.root) return;
    const now = await this.get<{ items: Line[] }>("leaderboard");
    if (!now) return;
    this.#lines = now.items;
    this.#show();
  }

  /** Somebody gave under a name. */
  add(name: string, coins: number): void {
    const line = this.#lines.find((known) => known.name === name);
    if (line) line.coins += coins;
    else this.#lines.push({ name, coins });
    this.#lines.sort((one, other) => other.coins - one.coins);
    this.#show();
    this.later();
  }

  /** Two people may have one name, and a hidden one leaves the board: only the server knows. */
  later(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        void this.ask();
      },
      ASK_AFTER_MS * (1 + Math.random()),
    );
  }

  /** A hidden name shall leave at once, and yet not all ask at once. */
  soon(): void {
    setTimeout(() => void this.ask(), SOON_MS * Math.random());
  }

  #show(): void {
    const rows = this.root?.querySelector("[data-board-rows]");
    if (!this.root || !rows) return;
    rows.replaceChildren(
      ...this.#lines.slice(0, SHOWN).map(({ name, coins }) => {
        const row = document.createElement("li");
        row.append(words("b", "board-name", name), words("span", "board-coins", written(coins)));
        return row;
      }),
    );
    this.root.hidden = this.#lines.length === 0;
  }
}
