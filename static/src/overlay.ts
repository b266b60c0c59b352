// A page over the broadcast: which one it is stands in the facts, what the producer wishes in the address.
import type { Kind, Support } from "./crowd/numbers";
import { Alerts } from "./overlay/alerts";
import { ladder, leaderboard, poll, type Board } from "./overlay/boards";
import { readFacts, readWishes, type OverlayFacts, type Tier } from "./overlay/facts";
import { Line } from "./overlay/line";
import { Report } from "./overlay/report";
import { Voice } from "./overlay/voice";
import { Nodes } from "./player/nodes";
import { speaker, type Say } from "./player/words";

const KINDS: Record<string, Kind[]> = { superchats: ["superchat"], donations: ["donation"] };
/** A page that was reloaded within this goes on where it was; one that comes later begins anew. */
const REMEMBER_MS = 60_000;
const NOTE_EVERY_MS = 2_000;

/** Up to which number everything was shown, kept for a reload of this page. */
class Place {
  readonly #key: string;
  #seq: number | null = null;

  constructor(facts: OverlayFacts) {
    this.#key = `overlay:${facts.kind}:${facts.slug}`;
    addEventListener("pagehide", () => this.#note());
    setInterval(() => this.#note(), NOTE_EVERY_MS);
  }

  get remembered(): number | null {
    try {
      const { seq, at } = JSON.parse(sessionStorage.getItem(this.#key) ?? "{}") as { seq?: number; at?: number };
      this.#seq = seq !== undefined && at !== undefined && Date.now() - at < REMEMBER_MS ? seq : null;
    } catch {
      this.#seq = null;
    }
    return this.#seq;
  }

  shown(seq: number): void {
    this.#seq = Math.max(this.#seq ?? 0, seq);
    this.#note();
  }

  #note(): void {
    if (this.#seq !== null) sessionStorage.setItem(this.#key, JSON.stringify({ seq: this.#seq, at: Date.now() }));
  }
}

function run(): void {
  const facts = readFacts();
  const stage = document.getElementById("stage");
  if (!facts || !stage) return;
  const wishes = readWishes(location.search);
  const say = speaker(facts.words);
  const nodes = new Nodes(facts);
  const voice = new Voice(wishes.sound, wishes.speech, say);
  const place = new Place(facts);
  const kinds = KINDS[facts.kind];
  const key = facts.own ? new URLSearchParams(location.search).get("key") : null;
  const query = new URLSearchParams({ overlay: facts.kind, ...(key === null ? {} : { key }) });
  const report = key === null ? null : new Report(facts.slug, key, nodes);
  let board: Board | null = null;
  const alerts = kinds
    ? new Alerts(stage, facts, wishes, say, (seq, support) => {
        if (seq > 0) {
          place.shown(seq);
          report?.shown(seq);
        }
        if (facts.kind === "superchats") voice.announce(support);
      })
    : null;
  const line = new Line(facts.slug, kinds ?? ["superchat", "donation"], nodes, query, {
    support: (kind, seq, support) => {
      alerts?.add(kind, seq, support);
      board?.soon();
    },
    hidden: (id) => {
      alerts?.hide(id);
      board?.soon();
    },
    said: (event) => {
      if (event === "milestone:update" || event === "poll:update") board?.soon();
    },
    untold: () => board?.soon(),
  });
  if (facts.kind === "milestones") board = ladder(stage, line, say);
  if (facts.kind === "leaderboard") board = leaderboard(stage, line, say);
  if (facts.kind === "poll") board = poll(stage, line, say);
  if (wishes.test) {
    const kind = kinds?.[0] ?? "superchat";
    for (const [at, tier] of facts.tiers.entries()) alerts?.add(kind, 0, testOf(at, tier, say));
  }
  void line.start(alerts ? place.remembered : null);
}

/** What a tier looks like. */
function testOf(at: number, tier: Tier, say: Say): Support {
  const name = say("overlay-test-name");
  return {
    id: `test-${at}`,
    name,
    coins: tier.from_coins,
    message: tier.max_chars > 0 ? say("overlay-test-message").slice(0, tier.max_chars) : null,
    tier: tier.name,
    color: tier.color,
    hold_ms: tier.hold_ms,
    pin_ms: null,
    fighter: at % 2 === 0 ? null : { id: "", name },
    at: "",
  };
}

run();
