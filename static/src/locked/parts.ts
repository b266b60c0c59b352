// The card's places in the page.

export interface CardParts {
  card: HTMLElement;
  title: HTMLElement;
  text: HTMLElement;
  price: HTMLElement;
  balance: HTMLElement;
  said: HTMLElement;
  press: HTMLButtonElement;
  word: HTMLElement;
  night: HTMLButtonElement;
  nightWord: HTMLElement;
  nightDetail: HTMLElement;
  topup: HTMLAnchorElement;
  login: HTMLAnchorElement;
  register: HTMLAnchorElement;
  again: HTMLButtonElement;
  live: HTMLButtonElement;
}

/** An element that the template must hold. */
export function part<E extends HTMLElement>(root: ParentNode, name: string): E {
  const found = root.querySelector<E>(`[data-${name}]`);
  if (!found) throw new Error(`data-${name} is not in the page`);
  return found;
}

export function cardParts(root: ParentNode): CardParts {
  return {
    card: part(root, "locked"),
    title: part(root, "locked-title"),
    text: part(root, "locked-text"),
    price: part(root, "locked-price"),
    balance: part(root, "locked-balance"),
    said: part(root, "locked-said"),
    press: part(root, "locked-press"),
    word: part(root, "locked-word"),
    night: part(root, "locked-night"),
    nightWord: part(root, "locked-night-word"),
    nightDetail: part(root, "locked-night-detail"),
    topup: part(root, "locked-topup"),
    login: part(root, "locked-login"),
    register: part(root, "locked-register"),
    again: part(root, "locked-again"),
    live: part(root, "locked-live"),
  };
}

/** Coins as the page's language writes numbers: `1.500`, `1,500`. */
export function written(coins: number): string {
  return new Intl.NumberFormat(document.documentElement.lang).format(coins);
}
