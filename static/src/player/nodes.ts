// Which node to ask: every node is probed at once; a short while after the first healthy answer one of the healthy
// is taken at random, so that a crowd spreads. Nothing is remembered between pages.

interface Choice {
  api: string;
  nodes: string[];
  probe_timeout_ms: number;
  spread_window_ms: number;
}

type Health = "ok" | "degraded";

async function probe(node: string, timeoutMs: number): Promise<Health | null> {
  try {
    const answer = await fetch(`${node}/health`, {
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!answer.ok) return null;
    const { status } = (await answer.json()) as { status?: string };
    return status === "ok" || status === "degraded" ? status : null;
  } catch {
    return null;
  }
}

function pick(nodes: string[]): string | undefined {
  return nodes[Math.floor(Math.random() * nodes.length)];
}

async function choose({ api, nodes, probe_timeout_ms, spread_window_ms }: Choice): Promise<string> {
  const fine: string[] = [];
  const limping: string[] = [];
  const probes = nodes.map(async (node) => {
    const health = await probe(node, probe_timeout_ms);
    if (health === "ok") fine.push(node);
    if (health === "degraded") limping.push(node);
    return health;
  });
  const all = Promise.all(probes);
  const firstFine = Promise.any(
    probes.map(async (answer) => {
      if ((await answer) !== "ok") throw new Error("not healthy");
    }),
  ).then(
    () => new Promise((done) => setTimeout(done, spread_window_ms)),
    () => all,
  );
  await Promise.race([all, firstFine]);
  return pick(fine) ?? pick(limping) ?? api;
}

/** The chosen node, chosen again after it failed. */
export class Nodes {
  #chosen: Promise<string> | null = null;

  constructor(readonly choice: Choice) {}

  /** Scheme and host of the node to ask; empty: the page's own origin. */
  base(): Promise<string> {
    const { api, nodes } = this.choice;
    if (nodes.length === 0) return Promise.resolve(api);
    this.#chosen ??= choose({ ...this.choice, nodes: nodes.map((node) => node.replace(/\/+$/, "")) });
    return this.#chosen;
  }

  /** The chosen node did not answer: the next question probes again. */
  failed(): void {
    this.#chosen = null;
  }
}
