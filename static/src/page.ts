// Every page but the watch page: the countdown, the page's state when the broadcast starts or stops, forms.
import { startCountdowns } from "./countdown";
import { startForms } from "./forms";
import { watchPhase } from "./phase";

startCountdowns(document);
for (const hero of document.querySelectorAll<HTMLElement>("[data-event][data-phase]")) watchPhase(hero);
startForms();
