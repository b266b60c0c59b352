// The viewer's handle, faint and moving, over what is sold. It is put back when it is taken away; whoever films the
// screen films it too.

const MOVE_MS = 20_000;
/** Places in percent of the player, far enough from each other and from the bar. */
const PLACES: readonly (readonly [left: number, top: number])[] = [
  [6, 12],
  [58, 64],
  [12, 58],
  [62, 16],
  [34, 36],
  [8, 34],
  [54, 42],
  [30, 70],
];

/** Its looks, each more important than any sheet's. */
const LOOKS: Record<string, string> = {
  position: "absolute",
  display: "block",
  visibility: "visible",
  opacity: "1",
  "z-index": "3",
  "pointer-events": "none",
  "user-select": "none",
  "max-width": "40%",
  overflow: "hidden",
  "text-overflow": "ellipsis",
  "white-space": "nowrap",
  font: "600 clamp(11px, 2.1cqw, 19px)/1.3 system-ui, sans-serif",
  color: "rgb(255 255 255 / 0.2)",
  "text-shadow": "0 0 3px rgb(0 0 0 / 0.35)",
};

export class Watermark {
  #mark: HTMLElement | null = null;
  #place = Math.floor(Math.random() * PLACES.length);
  readonly #watcher: MutationObserver;

  constructor(
    readonly root: HTMLElement,
    readonly handle: string,
  ) {
    this.#watcher = new MutationObserver(() => this.#keep());
    this.#watch();
    setInterval(() => this.#move(), MOVE_MS);
    this.#keep();
  }

  get #wanted(): boolean {
    return this.root.hasAttribute("data-sold");
  }

  /** Looks at the player again; changes of our own are not changes. */
  #watch(): void {
    this.#watcher.observe(this.root, { childList: true, attributes: true, attributeFilter: ["data-sold"] });
    if (this.#mark) this.#watcher.observe(this.#mark, { attributes: true, childList: true, characterData: true, subtree: true });
  }

  #keep(): void {
    const mark = this.#mark;
    const whole = mark?.isConnected && mark.parentElement === this.root && mark.textContent === this.handle && this.#isLookedAt(mark);
    if (this.#wanted === Boolean(whole)) return;
    this.#watcher.disconnect();
    mark?.remove();
    this.#mark = this.#wanted ? this.#made() : null;
    this.#watch();
  }

  #isLookedAt(mark: HTMLElement): boolean {
    const is = (name: string): boolean => mark.style.getPropertyValue(name) !== "" && mark.style.getPropertyPriority(name) === "important";
    return !mark.hidden && mark.style.display === "block" && mark.style.opacity === "1" && is("color") && is("visibility");
  }

  #made(): HTMLElement {
    const mark = document.createElement("span");
    mark.className = "watermark";
    mark.dataset["watermark"] = "";
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = this.handle;
    for (const [name, value] of Object.entries(LOOKS)) mark.style.setProperty(name, value, "important");
    // Who wants little motion sees it somewhere else; everybody else sees it go there.
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    mark.style.setProperty("transition", still ? "none" : "left 4s ease-in-out, top 4s ease-in-out", "important");
    this.#put(mark);
    this.root.append(mark);
    return mark;
  }

  #put(mark: HTMLElement): void {
    const [left, top] = PLACES[this.#place % PLACES.length] ?? [10, 10];
    mark.style.setProperty("left", `${left}%`, "important");
    mark.style.setProperty("top", `${top}%`, "important");
  }

  #move(): void {
    // Never the same place twice in a row, and in no order that could be learned.
    this.#place = (this.#place + 1 + Math.floor(Math.random() * (PLACES.length - 1))) % PLACES.length;
    if (!this.#mark) return;
    this.#watcher.disconnect();
    this.#put(this.#mark);
    this.#watch();
    this.#keep();
  }
}
