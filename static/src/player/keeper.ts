// Between the gate and the picture: what is sold on screen, what the fights are, and when a shut gate opens by itself.
import { Admission, type Sight } from "./admission";
import { Edge, EdgeGuard, type EdgeNow } from "./edge";
import type { Fight } from "./facts";
import { PlayerGate, type Shut } from "./gate";
import { keyIdOf } from "./keyid";
import type { Nodes } from "./nodes";
import { OwnPlayerWatch } from "./own";

export interface KeeperEvents {
  /** The picture must go. */
  shut(): void;
  /** The picture may come back where it was. */
  open(): void;
  /** Asks what the event is now; the answer comes as `setFights`. */
  askEvent(): void;
  trouble(): void;
}

/** What the browser's own player plays: it asks for keys by itself, and says nothing of them. */
export interface Own {
  /** The address of a live picture; null: a recording. */
  live: string | null;
  /** The fight that is replayed; null: live, or the whole event. */
  replayed: number | null;
}

export class Keeper {
  readonly gate: PlayerGate;
  readonly admission: Admission;
  readonly #guard: EdgeGuard;
  readonly #edge = new Edge();
  readonly #watch = new OwnPlayerWatch();
  #fights: Fight[] = [];
  #key: string | null = null;
  #sold = false;

  constructor(
    readonly root: HTMLElement,
    slug: string,
    nodes: Nodes,
    readonly events: KeeperEvents,
  ) {
    this.gate = new PlayerGate(root, { askAgain: () => this.#again(), takeHere: () => this.#again() });
    this.#guard = new EdgeGuard((edge) => this.#edgeSeen(edge));
    this.admission = new Admission(slug, nodes, {
      shut: (shut) => this.#shut(shut),
      numberOf: (fight) => this.#numberOf(fight),
      trouble: () => events.trouble(),
    });
  }

  /** The viewer pressed something that plays: among the account's devices the newest wins. */
  pressed(): void {
    this.admission.lease.pressed();
  }

  setFights(fights: Fight[]): void {
    const before = this.#fights;
    this.#fights = fights;
    const { shut } = this.gate;
    this.#showSold();
    if (!shut) return;
    this.#guard.hurry();
    const refused = this.admission.refusedFight;
    if (refused !== null && shut.why !== "taken" && shut.fight === null) {
      this.gate.set({ why: shut.why, fight: this.#numberOf(refused) });
    }
    if (shut.why !== "locked") return;
    const has = (list: Fight[]): boolean => list.some(({ number, unlocked }) => unlocked && number === shut.fight);
    if (has(fights) && !has(before)) void this.gate.askAgain();
  }

  /** While a live picture is shut away its playlist is looked at, until the stream is free again. */
  guard(master: string | null): void {
    this.#guard.start(master);
  }

  /** Another source is opened, or there is none to come: whatever stood in the way of the last one is over. */
  letGo(): void {
    this.#guard.stop();
    this.#watch.stop();
    this.admission.drop();
    this.onScreen(null);
    this.gate.set(null);
  }

  /** The key of what is on screen, by its address; null: free. */
  onScreen(key: string | null): void {
    this.#key = key;
    this.#sold = key !== null;
    if (this.#sold && this.#onScreenNumber() === null) this.events.askEvent();
    this.#showSold();
  }

  /** `own`: null where keys come through this page. */
  tick(own: Own | null, sight: Omit<Sight, "sold">): void {
    if (own) this.#lookAt(own, sight);
    this.admission.tick({ ...sight, sold: this.#sold });
  }

  /** Before the browser's own player asks for keys by itself: a place for this device. */
  async claimNative(replayed: number | null): Promise<void> {
    if (this.#soldNow(replayed) !== null) await this.admission.lease.need();
  }

  /**
   * The browser's own player stands still, or what it plays is sold from here on: is it the gate? Of a live picture the
   * playlist says what its newest segments need. Where that is free, or nobody can say, it is the line.
   */
  async askNative({ live, replayed }: Own): Promise<void> {
    const priced = this.#fights.filter(({ price_coins }) => price_coins > 0);
    if (priced.length === 0 || this.gate.shut) return;
    const edge = live === null ? null : await this.#edge.look(live);
    if (edge === "free" || (live !== null && edge === null)) return;
    const { lease } = this.admission;
    if (lease.rotationMs === null) await lease.need();
    const closed = (): Fight | undefined => priced.find(({ number }) => lease.opens(number) === false);
    const number = edge ? this.#numberOf(edge.fight) : ((this.#soldNow(replayed) ?? closed())?.number ?? null);
    const shut = number === null ? null : await this.admission.byLease(number);
    if (shut) this.#shut(shut);
  }

  #shut(shut: Shut): void {
    const told = shut.why !== "taken" && shut.fight === null ? { ...shut, fight: this.#onScreenNumber() } : shut;
    if (told.why !== "taken" && told.fight === null) this.events.askEvent();
    if (this.gate.shut) {
      this.gate.set(told);
      return;
    }
    this.admission.leave();
    this.#watch.stop();
    this.onScreen(null);
    this.gate.set(told);
    this.events.shut();
  }

  async #again(): Promise<boolean> {
    const { shut } = this.gate;
    if (!shut) return true;
    const now = await this.admission.again("fight" in shut ? shut.fight : null);
    if (now === undefined || this.gate.shut === null) return this.gate.shut === null;
    if (now) {
      this.gate.set(now);
      return false;
    }
    this.#open();
    return true;
  }

  #open(): void {
    this.#guard.stop();
    this.gate.set(null);
    this.events.open();
  }

  /** Free again, or under another fight's key that this viewer may have. */
  #edgeSeen(edge: Exclude<EdgeNow, null>): void {
    const { shut } = this.gate;
    if (!shut) return;
    const other = shut.why === "locked" && edge !== "free" && edge.fight !== this.admission.refusedFight;
    if (edge === "free" || other) {
      this.admission.forgive();
      this.#open();
    } else if (shut.why === "signed-out") this.gate.set({ ...shut, fight: this.#numberOf(edge.fight) ?? shut.fight });
  }

  #numberOf(fight: string): number | null {
    return this.#fights.find(({ id }) => id.toUpperCase() === fight.toUpperCase())?.number ?? null;
  }

  #onScreenNumber(): number | null {
    const key = this.#key === null ? null : keyIdOf(this.#key);
    return key && this.#numberOf(key.fight);
  }

  /** Without keys to look at: the sold fight that is on, or replayed. */
  #soldNow(replayed: number | null): Fight | null {
    const on = ({ number, status }: Fight): boolean => (replayed === null ? status === "live" : number === replayed);
    return this.#fights.find((fight) => fight.price_coins > 0 && on(fight)) ?? null;
  }

  #lookAt(own: Own, { picture, moving }: Pick<Sight, "picture" | "moving">): void {
    const before = this.#sold;
    const told = this.#soldNow(own.replayed) !== null;
    if (own.live !== null) {
      this.#watch.tick(own.live, told);
      // The browser is about to ask for the key; a refused place shows when its picture would.
      if (told && moving) void this.admission.lease.need();
    }
    this.#sold = picture && (own.live === null ? told : this.#watch.onScreen !== null);
    if (this.#sold && !before && own.live !== null) void this.askNative(own);
    this.#showSold(own.replayed);
  }

  #showSold(replayed: number | null = null): void {
    const { dataset } = this.root;
    this.root.toggleAttribute("data-sold", this.#sold);
    const number = this.#key !== null ? this.#onScreenNumber() : this.#sold ? this.#soldNow(replayed)?.number : null;
    if (this.#sold && number) dataset["fight"] = String(number);
    else delete dataset["fight"];
  }
}
