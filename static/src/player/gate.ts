// What stands between a viewer and the picture, and the ways to have it taken away.

export type Shut =
  /** The fight is sold and not unlocked; its number where it is known. */
  | { why: "locked"; fight: number | null }
  /** The fight is sold and nobody is signed in here. */
  | { why: "signed-out"; fight: number | null }
  /** Other devices of this account hold all its places. */
  | { why: "taken" };

export interface Gate {
  /** Null: nothing stands between viewer and picture. */
  readonly shut: Shut | null;
  onChange(listener: (shut: Shut | null) => void): void;
  /** After unlocking or signing in: true when it is open; play goes on by itself. */
  askAgain(): Promise<boolean>;
  /** "Watch here": takes the place of the device that took one last. */
  takeHere(): Promise<boolean>;
}

/** The player's ways to find out whether it is open now. */
export interface Ways {
  askAgain(): Promise<boolean>;
  takeHere(): Promise<boolean>;
}

/** The gate as the player keeps it; `data-gate` on the player says the same as `shut`. */
export class PlayerGate implements Gate {
  #shut: Shut | null = null;
  #asking: Promise<boolean> | null = null;
  readonly #listeners: ((shut: Shut | null) => void)[] = [];

  constructor(
    readonly root: HTMLElement,
    readonly ways: Ways,
  ) {
    root.dataset["gate"] = "open";
  }

  get shut(): Shut | null {
    return this.#shut;
  }

  onChange(listener: (shut: Shut | null) => void): void {
    this.#listeners.push(listener);
  }

  askAgain(): Promise<boolean> {
    return this.#ask(() => this.ways.askAgain());
  }

  takeHere(): Promise<boolean> {
    return this.#ask(() => this.ways.takeHere());
  }

  /** Shuts or opens; whoever listens is told when that is news. */
  set(shut: Shut | null): void {
    if (same(this.#shut, shut)) return;
    this.#shut = shut;
    this.root.dataset["gate"] = shut?.why ?? "open";
    for (const listener of this.#listeners) listener(shut);
  }

  /** One question at a time, however often it is pressed. */
  #ask(way: () => Promise<boolean>): Promise<boolean> {
    this.#asking ??= way().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }
}

function fightOf(shut: Shut | null): number | null {
  return shut && "fight" in shut ? shut.fight : null;
}

function same(one: Shut | null, other: Shut | null): boolean {
  return one?.why === other?.why && fightOf(one) === fightOf(other);
}
