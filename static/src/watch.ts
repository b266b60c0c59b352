// The watch page: the player, and what the socket tells about the event.
import { startCountdowns } from "./countdown";
import { mountCrowd } from "./crowd/mount";
import { phaseOf } from "./phase";
import type { EventState, Fight, Phase } from "./player/facts";
import { readFacts } from "./player/facts";
import { Feed } from "./player/feed";
import { buildStage } from "./player/stage";
import { speaker, type Say } from "./player/words";
import { mountPolls } from "./polls/mount";

function stateOf(fight: Fight, say: Say): string {
  if (fight.status === "live") return say("bout-live");
  return fight.status === "ended" ? say("bout-ended") : say("bout-scheduled");
}

/** The card and the strip say what each fight is. */
function showFights(fights: Fight[], say: Say): void {
  for (const fight of fights) {
    for (const row of document.querySelectorAll<HTMLElement>(`[data-fight="${fight.number}"]:not(#player)`)) {
      if (row.dataset["status"] === fight.status) continue;
      row.dataset["status"] = fight.status;
      const place = row.querySelector<HTMLElement>("[data-state]");
      if (place) place.textContent = stateOf(fight, say);
      if (fight.status === "live" && row.parentElement?.classList.contains("fight-strip")) scrollTo(row);
    }
  }
}

/** Brings a fight of the strip into view without moving the page. */
function scrollTo(row: HTMLElement): void {
  const strip = row.parentElement;
  if (strip) strip.scrollLeft = row.offsetLeft - strip.offsetLeft;
}

function badgeOf(phase: Phase, say: Say): string {
  switch (phase) {
    case "live":
      return say("status-live");
    case "interrupted":
      return say("status-interrupted");
    case "ended":
      return say("status-ended");
    default:
      return say("status-soon");
  }
}

function run(): void {
  startCountdowns(document);
  const facts = readFacts(document);
  const root = document.getElementById("player");
  if (!facts || !root) return;
  const say = speaker(facts.words);
  const badge = document.querySelector<HTMLElement>(".stage-status .stream-badge");
  const viewers = document.querySelector<HTMLElement>("[data-viewers]");
  const live = document.querySelector<HTMLElement>(".fight-strip [data-status='live']");
  if (live) scrollTo(live);

  const polls = mountPolls(facts, say);
  const player = buildStage(root, facts, say, () => feed);
  const setPhase = (phase: Phase): void => {
    player.setPhase(phase);
    if (!badge || badge.dataset["phase"] === phase) return;
    badge.dataset["phase"] = phase;
    badge.textContent = badgeOf(phase, say);
  };
  const crowd = mountCrowd(facts, say, player.nodes);
  const feed: Feed = new Feed(facts, player.nodes, {
    status: (stream) => setPhase(phaseOf({ status: "", stream }) as Phase),
    state: (event: EventState) => {
      setPhase(phaseOf(event) as Phase);
      player.setFights(event.fights);
      showFights(event.fights, say);
    },
    playback: (playback) => player.setPlayback({ ...player.playback, ...playback }),
    poll: (poll) => polls.hear(poll),
    polls: (all) => polls.know(all),
    viewers: (count) => {
      const number = new Intl.NumberFormat(document.documentElement.lang).format(count);
      if (viewers) viewers.textContent = say("viewers-count", { count: number });
    },
    crowd: (frame) => crowd.hear(frame),
    get floor() {
      return crowd.floor;
    },
    untold: () => crowd.poll(),
  });
  player.start();
  feed.start();
}

run();
