// Home and event pages: the countdown, and the page's state when the broadcast starts or stops.
import { startCountdowns } from "./countdown";
import { watchPhase } from "./phase";

startCountdowns(document);
for (const hero of document.querySelectorAll<HTMLElement>("[data-event][data-phase]")) watchPhase(hero);
