// The sheet on which coins are given: for whom, how many, what is said, and how it will look on the broadcast.
import { part, written } from "../locked/parts";
import type { Say } from "../player/words";
import { supportCard } from "./card";
import { GiftCounter, type Given, type Wish } from "./counter";

export interface Tier {
  name: string;
  from_coins: number;
  color: string;
  max_chars: number;
}

export interface SheetFacts {
  tiers: Tier[];
  /** The viewer's name; null: nobody is signed in. */
  name: string | null;
  sign_in: string;
}

const TYPED_MAX = 2_000;
const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const length = (text: string): number => [...letters.segment(text)].length;

export class Sheet {
  readonly #dialog: HTMLDialogElement;
  readonly #form: HTMLFormElement;
  readonly #coins: HTMLInputElement;
  readonly #message: HTMLTextAreaElement;
  readonly #said: HTMLElement;
  readonly #send: HTMLButtonElement;
  #balance: number | null = null;
  #busy = false;

  constructor(
    root: HTMLElement,
    readonly facts: SheetFacts,
    readonly say: Say,
    readonly counter: GiftCounter,
    /** What the viewer has now. */
    readonly learned: (coins: number) => void,
  ) {
    this.#dialog = part(root, "support-sheet");
    this.#form = part(root, "support-form");
    this.#coins = part(root, "support-coins");
    this.#message = part(root, "support-message");
    this.#said = part(root, "support-said");
    this.#send = part(root, "support-send");
    const news = part(root, "support-news");
    part(root, "support-open").addEventListener("click", () => this.open());
    part(root, "support-close").addEventListener("click", () => this.#dialog.close());
    // A press beside the sheet puts it away.
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
    this.#form.addEventListener("input", () => this.#draw());
    for (const chip of root.querySelectorAll<HTMLElement>("[data-amount]")) {
      const tier = facts.tiers.find(({ from_coins }) => String(from_coins) === chip.dataset["amount"]);
      if (tier) chip.style.setProperty("--tier", tier.color);
      chip.addEventListener("click", () => {
        this.#coins.value = chip.dataset["amount"] ?? "";
        this.#draw();
      });
    }
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#give(news);
    });
    this.#draw();
  }

  open(): void {
    if (this.facts.name === null) {
      location.assign(this.facts.sign_in);
      return;
    }
    this.#tell("");
    this.#dialog.showModal();
    void this.counter.balance().then((balance) => {
      if (balance === "signed-out") location.assign(this.facts.sign_in);
      else if (balance !== null) this.#know(balance);
    });
  }

  get #wish(): Wish {
    const fields = new FormData(this.#form);
    const [fighter, message] = [String(fields.get("fighter") ?? ""), this.#message.value.trim()];
    return {
      coins: Number.parseInt(this.#coins.value, 10) || 0,
      ...(fighter ? { fighter_id: fighter } : {}),
      ...(message ? { message } : {}),
      anonymous: fields.has("anonymous"),
    };
  }

  #know(balance: number): void {
    this.#balance = balance;
    this.learned(balance);
    this.#draw();
  }

  #draw(): void {
    const wish = this.#wish;
    const tier = this.facts.tiers.findLast(({ from_coins }) => from_coins <= wish.coins);
    const most = tier?.max_chars ?? 0;
    this.#message.maxLength = TYPED_MAX;
    const typed = length(wish.message ?? "");
    const carrying = this.facts.tiers.find(({ max_chars }) => max_chars >= Math.max(1, typed));
    const room = part(this.#form, "support-room");
    const tooLong = typed > most;
    room.textContent = typed > 0 && tooLong && carrying
      ? this.say("support-needs", { coins: written(carrying.from_coins) })
      : this.say("support-room", { count: written(typed), number: written(most) });
    room.toggleAttribute("data-bad", tooLong);
    const balance = this.#balance;
    const short = balance !== null && wish.coins > balance;
    part(this.#form, "support-balance").textContent = balance === null ? "" : this.say("locked-balance", { coins: written(balance) });
    part(this.#form, "support-topup").hidden = !short;
    this.#send.disabled = this.#busy || wish.coins <= 0 || tooLong || short;
    part(this.#form, "support-send-word").textContent = this.say("support-send", { coins: written(wish.coins) });
    for (const chip of this.#form.querySelectorAll<HTMLElement>("[data-amount]")) {
      chip.setAttribute("aria-pressed", String(chip.dataset["amount"] === String(wish.coins)));
    }
    const chosen = this.#form.querySelector<HTMLInputElement>("input[name=fighter]:checked");
    const fighter = wish.fighter_id ? { id: wish.fighter_id, name: chosen?.dataset["name"] ?? "" } : null;
    const name = wish.anonymous ? null : this.facts.name;
    const look = supportCard({ name, coins: wish.coins, message: wish.message ?? null, color: tier?.color ?? null, fighter }, this.say);
    part(this.#form, "support-preview").replaceChildren(look);
  }

  async #give(news: HTMLElement): Promise<void> {
    if (this.#busy || this.#send.disabled) return;
    this.#busy = true;
    this.#tell(this.say("support-sending"));
    this.#draw();
    const given: Given = await this.counter.give(this.#wish);
    this.#busy = false;
    if (given.kind === "given") {
      this.#message.value = "";
      this.#know(given.balance);
      this.#dialog.close();
      news.textContent = given.held ? this.say("support-held") : this.say("support-thanks");
      return;
    }
    if (given.kind === "signed-out") {
      location.assign(this.facts.sign_in);
      return;
    }
    if (given.kind === "short") void this.counter.balance().then((now) => typeof now === "number" && this.#know(now));
    this.#tell(this.#refusal(given.kind), true);
    this.#draw();
  }

  #refusal(kind: Exclude<Given["kind"], "given" | "signed-out">): string {
    switch (kind) {
      case "short":
        return this.say("support-short");
      case "closed":
        return this.say("support-closed");
      case "often":
        return this.say("support-often");
      case "away":
        return this.say("support-away");
      case "refused":
        return this.say("support-refused");
    }
  }

  #tell(text: string, bad = false): void {
    this.#said.textContent = text;
    this.#said.toggleAttribute("data-bad", bad);
  }
}
