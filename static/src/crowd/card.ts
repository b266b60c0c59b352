// A support as the page and the broadcast show it. What people wrote is text, never markup, in its own direction.
import { written } from "../locked/parts";
import type { Say } from "../player/words";
import type { Support } from "./numbers";

export function words(tag: string, name: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = name;
  element.dir = "auto";
  element.textContent = text;
  return element;
}

/** Whether white letters read better on a colour than black ones: one of them always reaches 4.5:1 (WCAG). */
export function isDark(color: string): boolean {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179;
}

export function supportCard(support: Pick<Support, "name" | "coins" | "message" | "color" | "fighter">, say: Say): HTMLElement {
  const card = document.createElement("article");
  card.className = "support-card";
  if (support.color) card.style.setProperty("--tier", support.color);
  card.toggleAttribute("data-dark", support.color !== null && isDark(support.color));
  const head = document.createElement("header");
  head.append(words("b", "support-name", support.name ?? say("overlay-anonymous")), words("span", "support-coins", written(support.coins)));
  card.append(head);
  if (support.fighter) card.append(words("p", "support-fighter", say("overlay-to", { fighter: support.fighter.name })));
  if (support.message) card.append(words("p", "support-message", support.message));
  return card;
}
