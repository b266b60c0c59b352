// Who may see what is sold: keys, the place among the account's devices, and the moment at which a refusal shows.
//
// A refusal comes seconds before its picture would: what is free and already here is shown to its end first.
import type { Shut } from "./gate";
import { keyIdOf, nextOf, type KeyId } from "./keyid";
import { KeyRing, type Refusal } from "./keyring";
import { Lease, type Place } from "./lease";
import type { Nodes } from "./nodes";

export interface AdmissionEvents {
  /** From here on nothing may be shown. */
  shut(shut: Shut): void;
  /** The number of a fight by its id; null: not known. */
  numberOf(fight: string): number | null;
  /** A key did not come for a passing reason. */
  trouble(): void;
}

/** What the picture does at the moment. */
export interface Sight {
  live: boolean;
  /** Seconds of the media. */
  time: number;
  picture: boolean;
  /** It should move and has no data. */
  starved: boolean;
  moving: boolean;
  /** What is on screen is sold. */
  sold: boolean;
  newest: { key: string | null; nowMs: number } | null;
}

interface Bar {
  why: Refusal;
  key: KeyId;
  /** Media time from which the key is needed. */
  at: number;
  sinceMs: number;
}

/** A live viewer waits no longer than two segments for the end of what is free. */
const LIVE_PLAY_OUT_MS = 4_000;
const REACHED_S = 0.3;
/** A claim that takes longer does not hold up the key. */
const CLAIM_WAIT_MS = 2_500;
const LEAD_MAX_MS = 57_000;

const sleep = (ms: number): Promise<null> => new Promise((done) => setTimeout(() => done(null), ms));

export class Admission {
  readonly lease: Lease;
  readonly #ring: KeyRing;
  #bar: Bar | null = null;
  #refused: KeyId | null = null;
  #sold = false;
  #early: { id: string; whenMs: number; asked: boolean } | null = null;
  #earlyOver = new AbortController();

  constructor(
    slug: string,
    nodes: Nodes,
    readonly events: AdmissionEvents,
  ) {
    this.#ring = new KeyRing(nodes, () => events.trouble());
    this.lease = new Lease(slug, nodes, { gone: (place) => this.#gone(place) });
  }

  /** The fight whose key was refused last, by its id. */
  get refusedFight(): string | null {
    return this.#refused?.fight ?? null;
  }

  /** A key for what is played from `at` on, when there is one. */
  async key(address: string, at: number, signal: AbortSignal): Promise<Uint8Array> {
    const key = keyIdOf(address);
    if (!key) throw new Error(`no key of ours: ${address}`);
    signal.addEventListener("abort", () => {
      if (this.#bar?.key.id === key.id) this.#bar = null;
    });
    const claims = this.lease.claims;
    const place = this.lease.need();
    if (claims) await Promise.race([place, sleep(CLAIM_WAIT_MS)]);
    return this.#ring.get(key, signal, (why) => {
      this.#bar ??= { why, key, at, sinceMs: Date.now() };
    });
  }

  /** Four times a second. */
  tick(sight: Sight): void {
    this.#sold = sight.sold;
    if (sight.sold && sight.moving) void this.lease.need();
    if (this.#bar && reached(this.#bar, sight)) this.#shut(this.#bar);
    if (sight.live && sight.sold && sight.moving) this.#askEarly(sight.newest);
  }

  /** The picture was taken down: the place is left to run out. */
  leave(): void {
    this.drop();
    this.lease.leave();
  }

  /** Another source takes over: whatever the last one waited for is nobody's any more. */
  drop(): void {
    this.#bar = null;
    this.#sold = false;
    this.#earlyOver.abort();
    this.#earlyOver = new AbortController();
    this.#early = null;
  }

  /** The gate opened by itself: what is sold next is asked for anew. */
  forgive(): void {
    this.#refused = null;
    this.lease.forget();
    this.#ring.forgive();
  }

  /** After unlocking, signing in or "watch here": what is so now; null: open, undefined: nobody could say. */
  async again(fight: number | null): Promise<Shut | null | undefined> {
    this.#ring.forgive();
    this.lease.pressed();
    const place = await this.lease.again();
    if (place === "lost") return { why: "taken" };
    if (place === "signed-out") return { why: "signed-out", fight };
    const key = this.#refused;
    if (key === null) return this.#byLease(place, fight);
    const answer = await this.#ring.again(key);
    if (answer === null) return undefined;
    if (answer instanceof Uint8Array) {
      this.#refused = null;
      return null;
    }
    return this.#shutOf(answer, key);
  }

  /** Where keys are the browser's own matter: what the lease says of a fight; undefined: nobody could say. */
  async byLease(fight: number | null): Promise<Shut | null | undefined> {
    return this.#byLease(await this.lease.again(), fight);
  }

  #byLease(place: Place, fight: number | null): Shut | null | undefined {
    if (place === "lost") return { why: "taken" };
    if (place === "signed-out") return { why: "signed-out", fight };
    if (place === null) return undefined;
    return fight !== null && this.lease.opens(fight) === false ? { why: "locked", fight } : null;
  }

  #shutOf(why: Refusal, key: KeyId): Shut {
    return why === "taken" ? { why } : { why, fight: this.events.numberOf(key.fight) };
  }

  #shut({ why, key }: Bar): void {
    this.#bar = null;
    this.#refused = key;
    this.events.shut(this.#shutOf(why, key));
  }

  #gone(place: "lost" | "signed-out"): void {
    const why: Refusal = place === "lost" ? "taken" : "signed-out";
    this.#ring.refuse(why);
    // While something free is on screen, the key's own answer says when it ends.
    if (this.#sold) this.events.shut(why === "taken" ? { why } : { why, fight: null });
  }

  /** The next key, at a moment of this viewer's own before its turn, so that a rotation is no stampede. */
  #askEarly(newest: Sight["newest"]): void {
    const key = newest?.key ? keyIdOf(newest.key) : null;
    const rotation = this.lease.rotationMs;
    if (!newest || !key || !rotation) return;
    const next = nextOf(key, rotation);
    const now = newest.nowMs;
    if (this.#early?.id !== next.id) {
      const lead = Math.min(LEAD_MAX_MS, rotation / 2);
      const from = Math.max(now, next.at * 1_000 - lead);
      const until = Math.max(from, next.at * 1_000 - lead / 10);
      this.#early = { id: next.id, whenMs: from + Math.random() * (until - from), asked: false };
    }
    if (this.#early.asked || now < this.#early.whenMs) return;
    this.#early.asked = true;
    void this.#ring.early(next, this.#earlyOver.signal);
  }
}

/** Whether the free part before a refusal is over. */
function reached(bar: Bar, { live, time, picture, starved }: Sight): boolean {
  if (!picture || starved || time >= bar.at - REACHED_S) return true;
  return live && Date.now() - bar.sinceMs > LIVE_PLAY_OUT_MS;
}
