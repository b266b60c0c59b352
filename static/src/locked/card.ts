// The locked card: which fight, what it costs, and the shortest honest way to it. Unlocking starts play in place.
import type { Sale, SaleFight } from "../player/facts";
import type { Shut } from "../player/gate";
import type { Say } from "../player/words";
import type { Bought, Counter, Me, NightStanding } from "./counter";
import { cardParts, written, type CardParts } from "./parts";

type Locked = Exclude<Shut, { why: "taken" }>;

/** What the card is told of the page. */
export interface Surroundings {
  title: string;
  sale: Sale;
  say: Say;
  /** Whether it is open now; then play goes on by itself. */
  askAgain(): Promise<boolean>;
  counter: Counter;
  /** `live`, `dvr` or `replay`. */
  mode(): string;
  /** Whether there is a live picture to go to. */
  goLive: (() => void) | null;
  /** The viewer's coins and unlocks, as they are now. */
  learned(night: NightStanding | null, coins: number | null): void;
}

interface Offer {
  path: string;
  price: number;
}

const POLL_MS = 12_000;
const OPEN_TRIES_MS = [0, 1_000, 2_500, 5_000];

export class LockedCard {
  readonly #parts: CardParts;
  #shut: Locked | null = null;
  #me: Me | null = null;
  #night: NightStanding | null = null;
  #busy = false;
  #asked = 0;

  constructor(
    readonly root: HTMLElement,
    readonly around: Surroundings,
  ) {
    this.#parts = cardParts(root);
    const parts = this.#parts;
    parts.press.addEventListener("click", () => void this.#buy(this.#mainOffer()));
    parts.night.addEventListener("click", () => void this.#buy(this.#nightOffer()));
    parts.again.addEventListener("click", () => void this.#checkAgain());
    parts.live.addEventListener("click", () => around.goLive?.());
    parts.topup.href = around.sale.coins;
    parts.login.href = around.sale.sign_in;
    const back = (): void => void this.#lookAgain();
    addEventListener("focus", back);
    addEventListener("online", back);
    addEventListener("pageshow", (shown) => shown.persisted && back());
    document.addEventListener("visibilitychange", () => document.hidden || back());
    setInterval(() => !document.hidden && this.#short > 0 && back(), POLL_MS);
  }

  /** What stands between viewer and picture; null: nothing that coins could open. */
  show(shut: Locked | null): void {
    const before = this.#shut;
    this.#shut = shut;
    this.#parts.card.hidden = shut === null;
    if (shut === null) return;
    if (before?.why !== shut.why || before.fight !== shut.fight) this.#tell("");
    this.#draw();
    void this.#refresh();
  }

  /** The fight in the way, with its words. */
  get fight(): SaleFight | null {
    const wanted = this.#shut?.fight ?? (this.around.mode() === "live" ? this.#onAir : null);
    return this.around.sale.fights.find(({ number }) => number === wanted) ?? null;
  }

  /** The fight on air, where the gate does not know yet which one it refused. */
  get #onAir(): number | null {
    return this.#night?.fights.find(({ status }) => status === "live")?.number ?? this.around.sale.ahead;
  }

  /** A line for who hears the page. */
  get news(): string {
    return this.around.say("locked-news", { title: this.#title() });
  }

  #title(): string {
    const { fight } = this;
    return fight ? `${fight.red} vs ${fight.blue}` : this.around.title;
  }

  get #signedIn(): boolean {
    return this.#shut?.why === "locked";
  }

  /** Coins that are missing for what the main button buys. */
  get #short(): number {
    const offer = this.#mainOffer();
    if (!this.#signedIn || !offer || !this.#me) return 0;
    return Math.max(0, offer.price - this.#me.coins);
  }

  #fightOffer(): Offer | null {
    const { fight } = this;
    if (!fight) return null;
    const now = this.#night?.fights.find(({ number }) => number === fight.number);
    return { path: `/api/v1/fights/${fight.id}/unlock`, price: now?.price ?? fight.price_coins };
  }

  #nightOffer(): Offer | null {
    const due = this.#night?.passDue ?? null;
    return due === null ? null : { path: `/api/v1/events/${this.around.counter.slug}/unlock`, price: due };
  }

  #mainOffer(): Offer | null {
    // Only the replay of a whole night is the night's: elsewhere an unknown fight is waited for, never sold as more.
    return this.#fightOffer() ?? (this.around.mode() === "replay" ? this.#nightOffer() : null);
  }

  /** The night is worth its price where the fights that are left cost more. */
  #nightIsWorthIt(): boolean {
    const [due, one] = [this.#nightOffer(), this.#fightOffer()];
    const left = this.#night?.fights.filter(({ unlocked, price }) => !unlocked && price > 0) ?? [];
    const singly = left.reduce((sum, { price }) => sum + price, 0);
    return due !== null && one !== null && left.length > 1 && due.price < singly;
  }

  async #refresh(): Promise<void> {
    const asked = (this.#asked += 1);
    const [me, night] = await Promise.all([this.around.counter.me(), this.around.counter.night()]);
    if (asked !== this.#asked || !this.#shut) return;
    if (me !== null) this.#me = me === "signed-out" ? null : me;
    this.#night = night ?? this.#night;
    this.around.learned(night, this.#me?.coins ?? null);
    this.#draw();
  }

  /** The viewer is back from somewhere: they may have signed in, paid or unlocked there. */
  async #lookAgain(): Promise<void> {
    if (!this.#shut || this.#busy) return;
    const wasSignedOut = !this.#signedIn;
    await this.#refresh();
    const mine = this.#night?.fights.find(({ number }) => number === this.fight?.number)?.unlocked ?? this.#night?.passUnlocked;
    if ((wasSignedOut && this.#me) || (this.#signedIn && mine)) void this.around.askAgain();
  }

  async #checkAgain(): Promise<void> {
    if (this.#busy) return;
    this.#tell(this.around.say("locked-checking"));
    this.#setBusy(true);
    const open = await this.around.askAgain();
    await this.#refresh();
    this.#setBusy(false);
    if (open) this.#tell("");
    else this.#tell(this.around.say("locked-still"), true);
  }

  async #buy(offer: Offer | null): Promise<void> {
    if (this.#busy || !offer) return;
    this.#setBusy(true);
    this.#tell(this.around.say("locked-busy"));
    const bought = await this.around.counter.buy(offer.path, offer.price);
    await this.#bought(bought, offer.path);
    this.#setBusy(false);
  }

  async #bought(bought: Bought, path: string): Promise<void> {
    const { say } = this.around;
    /** What was pressed, as it is now: the fight or the night. */
    const price = (): number => [this.#fightOffer(), this.#nightOffer()].find((offer) => offer?.path === path)?.price ?? 0;
    switch (bought.kind) {
      case "opened":
        if (this.#me) this.#me = { ...this.#me, coins: bought.balance };
        this.around.learned(null, bought.balance);
        this.#tell(say("locked-opened"));
        return this.#open();
      case "short":
        await this.#refresh();
        return this.#tell(say("unlock-short", { coins: written(Math.max(0, price() - (this.#me?.coins ?? 0))) }), true);
      case "price":
        await this.#refresh();
        return this.#tell(say("locked-price-changed", { coins: written(price()) }), true);
      case "signed-out":
        this.#tell("");
        await this.around.askAgain();
        return;
      case "away":
        return this.#tell(say("locked-away"), true);
    }
  }

  /** It is paid: the picture comes, sooner or later. */
  async #open(): Promise<void> {
    for (const wait of OPEN_TRIES_MS) {
      if (wait > 0) {
        this.#tell(this.around.say("locked-opened-slow"));
        await new Promise((done) => setTimeout(done, wait));
      }
      if (await this.around.askAgain()) break;
    }
    await this.#refresh();
    this.around.learned(await this.around.counter.night(), this.#me?.coins ?? null);
  }

  #tell(text: string, bad = false): void {
    this.#parts.said.textContent = text;
    this.#parts.said.toggleAttribute("data-bad", bad);
  }

  /** Buttons stay where they are and keep the focus; they only do nothing for a while. */
  #setBusy(busy: boolean): void {
    this.#busy = busy;
    for (const button of [this.#parts.press, this.#parts.night, this.#parts.again]) {
      button.setAttribute("aria-disabled", String(busy));
    }
  }

  #draw(): void {
    const { around, fight } = this;
    const { say } = around;
    const parts = this.#parts;
    const main = this.#mainOffer();
    parts.text.replaceChildren(...this.#kicker(fight));
    parts.title.replaceChildren(...titleOf(fight, around.title));
    parts.price.textContent = main ? say("coins-amount", { coins: written(main.price) }) : "";
    parts.balance.textContent = this.#balance();
    parts.word.textContent = fight || around.mode() !== "replay" ? say("locked-press") : say("unlock-night");
    const ready = this.#signedIn && main !== null && this.#short === 0;
    parts.press.hidden = !ready;
    parts.topup.hidden = this.#short === 0;
    parts.login.hidden = parts.register.hidden = this.#signedIn;
    this.#drawNight();
    parts.again.hidden = !this.#signedIn;
    parts.live.hidden = around.goLive === null || around.mode() === "live";
  }

  #kicker(fight: SaleFight | null): (Node | string)[] {
    const { say } = this.around;
    const live = this.around.mode() === "live";
    const which = fight ? say("locked-fight", { number: String(fight.number) }) : say("locked-night");
    const now = ` · ${live ? say("bout-live") : say("status-replay")}`;
    if (!fight?.title) return [which + now];
    const weight = document.createElement("span");
    weight.className = "locked-class";
    weight.textContent = ` · ${fight.title}`;
    return [which, weight, now];
  }

  #balance(): string {
    const { say } = this.around;
    if (!this.#signedIn) return say("locked-sign-in");
    if (!this.#me) return "";
    const coins = written(this.#me.coins);
    const short = this.#short;
    return short > 0 ? say("locked-short", { balance: coins, coins: written(short) }) : say("locked-balance", { coins });
  }

  #drawNight(): void {
    const { say } = this.around;
    const offer = this.#nightOffer();
    const enough = offer !== null && (this.#me?.coins ?? 0) >= offer.price;
    this.#parts.night.hidden = !(this.#signedIn && enough && this.#nightIsWorthIt());
    if (!offer) return;
    this.#parts.nightWord.textContent = say("locked-night-offer", { coins: written(offer.price) });
    this.#parts.nightDetail.textContent = say("locked-night-detail", { count: String(this.around.sale.fights.length) });
  }
}

function titleOf(fight: SaleFight | null, title: string): (Node | string)[] {
  if (!fight) return [title];
  const corner = (name: string, colour: string): HTMLElement => {
    const span = document.createElement("span");
    span.className = `corner-${colour}`;
    span.textContent = name;
    return span;
  };
  const versus = document.createElement("i");
  versus.textContent = "vs";
  return [corner(fight.red, "red"), " ", versus, " ", corner(fight.blue, "blue")];
}
