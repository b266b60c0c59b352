// Keeps home and event pages honest: when the broadcast starts, stops or ends, the page is fetched anew.

const EVERY_MS = 20_000;
const SPREAD_MS = 10_000;

interface EventState {
  status: string;
  stream: string;
}

/** The word that pages use for a state of the API. */
export function phaseOf(event: EventState): string {
  if (event.status === "ended" || event.stream === "ended") return "ended";
  return event.stream === "live" || event.stream === "interrupted" ? event.stream : "soon";
}

/** Asks now and then, only while the page is looked at. */
export function watchPhase(hero: HTMLElement): void {
  const address = `${hero.dataset["api"] ?? ""}/api/v1/events/${hero.dataset["event"] ?? ""}`;
  const ask = async (): Promise<void> => {
    try {
      if (!document.hidden) {
        const answer = await fetch(address, { headers: { accept: "application/json" } });
        if (answer.ok && phaseOf((await answer.json()) as EventState) !== hero.dataset["phase"]) {
          location.reload();
          return;
        }
      }
    } catch {
      // Offline for a moment: the next round asks again.
    }
    next();
  };
  const next = (): void => {
    setTimeout(() => void ask(), EVERY_MS + Math.random() * SPREAD_MS);
  };
  next();
}
