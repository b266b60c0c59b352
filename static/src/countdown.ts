// Countdowns: `[data-countdown]` holds the moment in Unix milliseconds, `[data-unit]` elements take the numbers.

const UNITS: ReadonlyArray<readonly [string, number, number]> = [
  ["days", 86_400_000, Number.POSITIVE_INFINITY],
  ["hours", 3_600_000, 24],
  ["minutes", 60_000, 60],
  ["seconds", 1_000, 60],
];

function show(countdown: HTMLElement, left: number): void {
  for (const [name, size, wrap] of UNITS) {
    const place = countdown.querySelector<HTMLElement>(`[data-unit="${name}"]`);
    const text = String(Math.floor(left / size) % wrap).padStart(2, "0");
    if (place && place.textContent !== text) place.textContent = text;
  }
}

/** Runs every countdown under `root`; one that has run out says so by `data-over`. */
export function startCountdowns(root: ParentNode): void {
  const running = [...root.querySelectorAll<HTMLElement>("[data-countdown]")];
  if (running.length === 0) return;
  const tick = (): void => {
    const now = Date.now();
    for (const countdown of running) {
      const left = Math.max(0, Number(countdown.dataset["countdown"]) - now);
      show(countdown, left);
      countdown.toggleAttribute("data-over", left === 0);
    }
    setTimeout(tick, 1_000 - (now % 1_000));
  };
  tick();
}
