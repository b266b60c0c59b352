// Who has given most. It is asked for while it is looked at, soon after something was given: a full house that looks at the
// newest messages asks for nothing.
import { part, written } from "../locked/parts";
import type { Say } from "../player/words";
import { words } from "./card";

interface Line {
  name: string | null;
  coins: number;
}

/** What comes together is asked for once, and not by everybody in one moment. */
const TOGETHER_MS = 700;
const SPREAD_MS = 1_300;
const ROWS = 10;

export class Board {
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #tabs: HTMLElement[];
  #shown = false;
  #stale = true;
  #asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly root: HTMLElement,
    readonly say: Say,
    readonly get: <T>(path: string) => Promise<T | null>,
  ) {
    this.#list = part(root, "support-board");
    this.#empty = part(root, "support-board-empty");
    this.#tabs = [...root.querySelectorAll<HTMLElement>("[role=tab]")];
    for (const [at, tab] of this.#tabs.entries()) {
      tab.addEventListener("click", () => this.#choose(at));
      tab.addEventListener("keydown", ({ key }) => {
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.#tabs.length - 1 }[key];
        if (to === undefined) return;
        const next = (to + this.#tabs.length) % this.#tabs.length;
        this.#choose(next);
        this.#tabs[next]?.focus();
      });
    }
  }

  /** Something was given, or taken out of sight. */
  soon(): void {
    this.#stale = true;
    if (!this.#shown) return;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        void this.#ask();
      },
      TOGETHER_MS + Math.random() * SPREAD_MS,
    );
  }

  #choose(at: number): void {
    for (const [which, tab] of this.#tabs.entries()) {
      const chosen = which === at;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !chosen;
      if (tab.dataset["tab"] === "top") this.#shown = chosen;
    }
    if (this.#shown && this.#stale) void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#asking) return this.soon();
    this.#asking = true;
    this.#stale = false;
    const now = await this.get<{ items: Line[] }>("leaderboard");
    this.#asking = false;
    if (!now) return this.soon();
    this.#list.replaceChildren(
      ...now.items.slice(0, ROWS).map(({ name, coins }, at) => {
        const row = document.createElement("li");
        const place = words("i", "board-place", String(at + 1));
        row.append(place, words("b", "board-name", name ?? this.say("overlay-anonymous")), words("span", "board-coins", written(coins)));
        return row;
      }),
    );
    this.#list.hidden = now.items.length === 0;
    this.#empty.hidden = now.items.length > 0;
  }
}
