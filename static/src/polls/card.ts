// One poll's card: results that move, and the way from an answer to votes that are paid for.
import type { Counter } from "../locked/counter";
import { part, written } from "../locked/parts";
import type { Say } from "../player/words";
import { percentOf, votesOf, type Poll } from "./poll";

/** What the cards share. */
export interface Purse {
  say: Say;
  signedIn: boolean;
  /** The viewer's coins; null: not known. */
  coins: number | null;
  counter: Counter;
  /** The shop, which leads back here. */
  shop: string;
  /** Coins have moved: every place that shows them follows. */
  moved(coins: number): void;
  /** The session is over. */
  signedOut(): void;
}

const votesIn = (say: Say, number: number): string =>
  number === 1 ? say("poll-count-one") : say("poll-count", { votes: written(number) });

const stateOf = (say: Say, { status }: Poll): string => {
  if (status === "open") return say("watch-polls-open");
  return status === "closed" ? say("watch-polls-closed") : say("poll-settled");
};

const setText = (place: HTMLElement, text: string): void => {
  if (place.textContent !== text) place.textContent = text;
};

export class PollCard {
  #busy = false;
  #asks = false;
  #votes = 1;

  constructor(
    readonly root: HTMLElement,
    public poll: Poll,
    readonly purse: Purse,
  ) {
    const number = this.#number;
    this.#part("poll-less").addEventListener("click", () => this.#setVotes(this.#votes - 1));
    this.#part("poll-more").addEventListener("click", () => this.#setVotes(this.#votes + 1));
    number.addEventListener("input", () => number.value !== "" && this.#setVotes(Number(number.value), true));
    number.addEventListener("change", () => this.#setVotes(Number(number.value)));
    this.#part("poll-send").addEventListener("click", () => this.#ask());
    this.#part("poll-yes").addEventListener("click", () => void this.#vote());
    this.#part("poll-no").addEventListener("click", () => this.#stopAsking(true));
    this.#part("poll-sure").addEventListener("keydown", (event) => event.key === "Escape" && this.#stopAsking(true));
    root.addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLInputElement) || target.type !== "radio") return;
      this.#stopAsking(false);
      this.#tell("");
      this.draw();
    });
    this.#part<HTMLAnchorElement>("poll-topup").href = purse.shop;
    this.draw();
  }

  /** How it stands now. What only the viewer may know stays as it was where this does not say. */
  update(poll: Poll): void {
    const before = this.poll;
    this.poll = { ...poll, my_votes: poll.my_votes ?? before.my_votes };
    if (before.status === "open" && poll.status !== "open") {
      this.#stopAsking(false);
      this.#tell("");
    }
    this.draw();
  }

  draw(): void {
    const { poll, root } = this;
    const { say } = this.purse;
    const all = votesOf(poll);
    root.dataset["status"] = poll.status;
    setText(this.#part("poll-state"), stateOf(say, poll));
    setText(this.#part("poll-question"), poll.question);
    const price = poll.coins_per_vote;
    const each = price === 1 ? say("poll-each-one") : say("poll-each", { coins: written(price) });
    setText(this.#part("poll-total"), `${votesIn(say, all)} · ${each}`);
    const own = poll.my_votes ?? 0;
    const owned = own === 1 ? say("poll-own-one") : say("poll-own", { votes: written(own) });
    setText(this.#part("poll-own"), own > 0 ? ` · ${owned}` : "");
    this.#drawOptions(all);
    this.#drawVote();
  }

  #drawOptions(all: number): void {
    const { poll } = this;
    const { say } = this.purse;
    const most = Math.max(...poll.options.map(({ votes }) => votes));
    for (const option of poll.options) {
      const row = this.#option(option.id);
      const share = percentOf(option.votes, all);
      const won = poll.winner === option.id;
      setText(part(row, "label"), option.label);
      setText(part(row, "percent"), `${share}%`);
      setText(part(row, "count"), votesIn(say, option.votes));
      setText(part(row, "mark"), won ? say("poll-winner") : "");
      part(row, "bar").setAttribute("width", `${share}%`);
      row.toggleAttribute("data-winner", won);
      row.toggleAttribute("data-leads", all > 0 && option.votes === most);
      const input = row.querySelector("input");
      if (!input) continue;
      input.hidden = !this.#canVote;
      input.disabled = this.#busy;
      if (!this.#canVote) input.checked = false;
    }
  }

  #drawVote(): void {
    const { poll, purse } = this;
    const { say } = purse;
    const parts = this.root;
    const open = poll.status === "open";
    part(parts, "poll-login").hidden = !open || purse.signedIn;
    const vote = this.#part("poll-vote");
    vote.hidden = !this.#canVote;
    if (vote.hidden) {
      if (open && purse.signedIn && this.#left <= 0 && this.#part("poll-said").textContent === "") this.#tell(say("poll-full"));
      return;
    }
    if (this.#votes > this.#left) this.#votes = this.#left;
    const cost = this.#cost;
    const short = purse.coins === null ? 0 : Math.max(0, cost - purse.coins);
    const number = this.#number;
    number.max = String(this.#left);
    if (document.activeElement !== number) number.value = String(this.#votes);
    this.#part<HTMLButtonElement>("poll-less").disabled = this.#votes <= 1;
    this.#part<HTMLButtonElement>("poll-more").disabled = this.#votes >= this.#left;
    setText(this.#part("poll-price"), say("coins-amount", { coins: written(cost) }));
    const left = this.#left === 1 ? say("poll-left-one") : say("poll-left", { votes: written(this.#left) });
    setText(this.#part("poll-left"), left);
    const balance = purse.coins === null ? "" : written(purse.coins);
    const words = short > 0 ? say("locked-short", { balance, coins: written(short) }) : say("locked-balance", { coins: balance });
    setText(this.#part("poll-balance"), purse.coins === null ? "" : words);
    this.#part("poll-balance").toggleAttribute("data-bad", short > 0);
    this.#part("poll-topup").hidden = short === 0;
    const send = this.#part<HTMLButtonElement>("poll-send");
    send.hidden = this.#asks || short > 0;
    setText(send, this.#chosen ? say("poll-send-costs", { coins: written(cost) }) : say("poll-send"));
    this.#part("poll-sure").hidden = !this.#asks || short > 0;
    for (const name of ["poll-yes", "poll-no"]) this.#part(name).setAttribute("aria-disabled", String(this.#busy));
  }

  #option(id: string): HTMLElement {
    const found = this.root.querySelector<HTMLElement>(`[data-option="${id}"]`);
    if (found) return found;
    const template = document.querySelector<HTMLTemplateElement>("#poll-option");
    const row = template?.content.firstElementChild?.cloneNode(true);
    if (!(row instanceof HTMLElement)) throw new Error("the page has no answer to copy");
    row.dataset["option"] = id;
    const input = row.querySelector("input");
    if (input) [input.name, input.value] = [`poll-${this.poll.id}`, id];
    this.#part("poll-options").append(row);
    return row;
  }

  get #number(): HTMLInputElement {
    return this.#part<HTMLInputElement>("poll-number");
  }

  #part<E extends HTMLElement = HTMLElement>(name: string): E {
    return part<E>(this.root, name);
  }

  get #left(): number {
    return Math.max(0, this.poll.max_votes_per_viewer - (this.poll.my_votes ?? 0));
  }

  get #canVote(): boolean {
    return this.poll.status === "open" && this.purse.signedIn && this.#left > 0;
  }

  get #cost(): number {
    return this.#votes * this.poll.coins_per_vote;
  }

  get #chosen(): { id: string; label: string } | null {
    const id = this.root.querySelector<HTMLInputElement>("input[type=radio]:checked")?.value;
    return this.poll.options.find((option) => option.id === id) ?? null;
  }

  #setVotes(votes: number, typing = false): void {
    if (this.#busy) return;
    this.#votes = Math.max(1, Math.min(this.#left, Math.floor(votes) || 1));
    this.#stopAsking(false);
    if (!typing || this.#votes !== votes) this.#number.value = String(this.#votes);
    this.#tell("");
    this.draw();
  }

  /** One more question before coins go that never come back. */
  #ask(): void {
    const { say } = this.purse;
    const option = this.#chosen;
    if (!option) {
      this.#tell(say("poll-choose"), true);
      this.root.querySelector<HTMLInputElement>("input[type=radio]")?.focus();
      return;
    }
    this.#asks = true;
    this.#tell("");
    const values = { option: option.label, coins: written(this.#cost), votes: written(this.#votes) };
    setText(this.#part("poll-question-sure"), this.#votes === 1 ? say("poll-sure-one", values) : say("poll-sure", values));
    this.draw();
    this.#part("poll-yes").focus({ preventScroll: true });
  }

  #stopAsking(focus: boolean): void {
    if (!this.#asks || this.#busy) return;
    this.#asks = false;
    this.draw();
    if (focus) this.#part("poll-send").focus({ preventScroll: true });
  }

  async #vote(): Promise<void> {
    const option = this.#chosen;
    if (this.#busy || !option) return;
    const { counter, say } = this.purse;
    const [votes, cost] = [this.#votes, this.#cost];
    this.#busy = true;
    this.#tell(say("poll-sending"));
    this.draw();
    const answer = await counter.vote(this.poll.id, option.id, cost);
    this.#busy = false;
    if (answer.kind !== "away") this.#asks = false;
    switch (answer.kind) {
      case "taken": {
        const mine = this.poll.max_votes_per_viewer - answer.left;
        // The room tells the same in a moment; what was just done is seen at once.
        this.poll = { ...this.poll, my_votes: mine };
        this.#votes = 1;
        const values = { option: option.label, votes: written(votes) };
        this.#tell(votes === 1 ? say("poll-sent-one", values) : say("poll-sent", values));
        this.purse.moved(answer.balance);
        break;
      }
      case "closed":
        this.#tell(say("poll-closed-now"), true);
        break;
      case "too-many":
        this.#tell(say("poll-too-many"), true);
        break;
      case "short": {
        const me = await counter.me();
        if (me && me !== "signed-out") this.purse.moved(me.coins);
        break;
      }
      case "signed-out":
        this.#tell("");
        this.purse.signedOut();
        break;
      case "away":
        this.#tell(say("poll-away"), true);
    }
    this.draw();
    if (this.root.contains(document.activeElement) || document.activeElement === document.body) this.#keepFocus();
  }

  /** Whoever stood on a button that is gone is not left on nothing. */
  #keepFocus(): void {
    const here = document.activeElement;
    if (here instanceof HTMLElement && this.root.contains(here) && here.offsetParent !== null) return;
    const send = this.#part("poll-send");
    (send.offsetParent === null ? this.#part("poll-question") : send).focus({ preventScroll: true });
  }

  #tell(text: string, bad = false): void {
    const said = this.#part("poll-said");
    setText(said, text);
    said.toggleAttribute("data-bad", bad);
  }
}
