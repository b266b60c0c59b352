// The quality menu: by itself, or one of the heights on offer; and the switch for saving data.
import type { Say } from "./words";

export interface Rung {
  /** Index in the source; -1: by itself. */
  level: number;
  height: number;
}

export class QualityMenu {
  readonly #button: HTMLButtonElement;
  readonly #menu: HTMLElement;
  readonly #word: HTMLElement;
  #rungs: Rung[] = [];
  #chosen = -1;
  #height = 0;
  #saver: HTMLElement | null = null;
  /** The switch was pressed. */
  onSaver: (on: boolean) => void = () => undefined;

  constructor(
    readonly root: HTMLElement,
    readonly say: Say,
    readonly choose: (level: number) => void,
  ) {
    const [button, menu, word] = ["[data-quality-button]", "[data-quality-menu]", "[data-quality-word]"].map((found) =>
      root.querySelector<HTMLElement>(found),
    );
    if (!(button instanceof HTMLButtonElement) || !menu || !word) throw new Error("the quality menu is not in the page");
    this.#button = button;
    this.#menu = menu;
    this.#word = word;
    root.hidden = true;
    button.addEventListener("click", () => this.#toggle(menu.hidden));
    root.addEventListener("keydown", (pressed) => this.#key(pressed));
    document.addEventListener("pointerdown", (pressed) => {
      if (!menu.hidden && pressed.target instanceof Node && !root.contains(pressed.target)) this.#toggle(false);
    });
  }

  /** Heights on offer, in the source's order. */
  offer(heights: number[]): void {
    const best = heights.map((height, level) => ({ level, height })).sort((a, b) => b.height - a.height);
    this.#rungs = [{ level: -1, height: 0 }, ...best];
    this.root.hidden = heights.length < 2;
    this.#draw();
  }

  /** Whether there is a switch for saving data, and how it stands. */
  offerSaver(offered: boolean, on: boolean): void {
    this.#saver = offered ? (this.#saver ?? this.#switch()) : null;
    this.#draw();
    this.showSaver(on);
  }

  showSaver(on: boolean): void {
    this.#saver?.setAttribute("aria-checked", String(on));
  }

  /** Back to the picture that chooses itself. */
  chooseAuto(): void {
    this.#chosen = -1;
    this.choose(-1);
    this.#draw();
  }

  /** The height on screen. */
  show(height: number): void {
    this.#height = height;
    this.#draw();
  }

  /** The height chosen by hand; 0: by itself. */
  get chosenHeight(): number {
    return this.#rungs.find(({ level }) => level === this.#chosen)?.height ?? 0;
  }

  /** Chooses again what was chosen, in a new source's numbering. */
  restore(height: number): void {
    const rung = this.#rungs.find((offered) => offered.height === height && height > 0);
    this.#chosen = rung?.level ?? -1;
    if (rung) this.choose(rung.level);
    this.#draw();
  }

  #label({ level, height }: Rung): string {
    if (level >= 0) return `${height}p`;
    return this.#chosen < 0 && this.#height > 0
      ? this.say("player-quality-auto-now", { height: String(this.#height) })
      : this.say("player-quality-auto");
  }

  #draw(): void {
    const word = this.#chosen < 0 ? this.say("player-quality-auto") : `${this.chosenHeight}p`;
    if (this.#word.textContent !== word) this.#word.textContent = word;
    const whole = this.#rungs.length + (this.#saver ? 1 : 0);
    if (this.#menu.children.length !== whole || (this.#saver && !this.#saver.isConnected)) {
      this.#menu.replaceChildren(...(this.#saver ? [this.#saver] : []), ...this.#rungs.map(() => this.#item()));
    }
    const items = this.#items;
    this.#rungs.forEach((rung, at) => {
      const item = items[at];
      if (!item) return;
      item.textContent = this.#label(rung);
      item.setAttribute("aria-checked", String(rung.level === this.#chosen));
    });
  }

  get #items(): HTMLElement[] {
    return [...this.#menu.querySelectorAll<HTMLElement>('[role="menuitemradio"]')];
  }

  #switch(): HTMLElement {
    const item = document.createElement("button");
    item.type = "button";
    item.dataset["saver"] = "";
    item.setAttribute("role", "menuitemcheckbox");
    item.tabIndex = -1;
    item.textContent = this.say("saver-switch");
    item.addEventListener("click", () => this.onSaver(item.getAttribute("aria-checked") !== "true"));
    return item;
  }

  #item(): HTMLElement {
    const item = document.createElement("button");
    item.type = "button";
    item.setAttribute("role", "menuitemradio");
    item.tabIndex = -1;
    item.addEventListener("click", () => {
      const rung = this.#rungs[this.#items.indexOf(item)];
      if (!rung) return;
      this.#chosen = rung.level;
      this.choose(rung.level);
      this.#draw();
      this.#toggle(false);
      this.#button.focus();
    });
    return item;
  }

  #toggle(open: boolean): void {
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) this.#menu.querySelector<HTMLElement>('[role="menuitemradio"][aria-checked="true"]')?.focus();
  }

  #key(pressed: KeyboardEvent): void {
    if (this.#menu.hidden) return;
    const items = [...this.#menu.querySelectorAll<HTMLElement>("button")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[pressed.key];
    if (pressed.key === "Escape") {
      this.#toggle(false);
      this.#button.focus();
    } else if (pressed.key === "Tab") this.#toggle(false);
    else if (to !== undefined) items[(to + items.length) % items.length]?.focus();
    else return;
    if (pressed.key !== "Tab") pressed.preventDefault();
    pressed.stopPropagation();
  }
}
