// An order's page: asks how the order stands until it is settled, at once when the payer comes back from another app,
// and shows what is new in place. What is shown is always rendered by the server.

const FIRST_MS = 3_000;
const LAST_MS = 30_000;
const SLOWER = 1.3;
const ASK_WITHIN_MS = 8_000;

interface Answer {
  status: string;
  payment_url: string | null;
}

class OrderPage {
  private wait = FIRST_MS;
  private timer = 0;
  private asking = false;
  private readonly offset: number;

  constructor(private root: HTMLElement) {
    // By the server's clock: a phone's may be wrong.
    this.offset = Number(root.dataset["now"]) - Date.now();
  }

  start(): void {
    this.dress();
    const soon = (): void => {
      if (document.hidden || !this.isOpen()) return;
      this.wait = FIRST_MS;
      void this.ask();
    };
    document.addEventListener("visibilitychange", soon);
    addEventListener("pageshow", soon);
    addEventListener("focus", soon);
    addEventListener("online", soon);
    setInterval(() => this.tick(), 500);
    this.tick();
    this.later();
  }

  private isOpen(): boolean {
    return this.root.dataset["status"] !== "paid";
  }

  private address(tail = ""): string {
    return `${this.root.dataset["api"] ?? ""}/api/v1/coin-orders/${this.root.dataset["order"] ?? ""}${tail}`;
  }

  private later(): void {
    clearTimeout(this.timer);
    if (!this.isOpen()) return;
    this.timer = window.setTimeout(() => void this.ask(), this.wait * (0.9 + Math.random() * 0.2));
    this.wait = Math.min(LAST_MS, this.wait * SLOWER);
  }

  /** Asks the API; a page nobody looks at does not. */
  private async ask(): Promise<void> {
    if (this.asking) return;
    if (!document.hidden) {
      this.asking = true;
      try {
        const answer = await this.fetch(this.address());
        if (answer.ok) await this.take((await answer.json()) as Answer);
        else if (answer.status === 401) location.reload();
        this.offline(false);
      } catch {
        this.offline(!navigator.onLine);
      }
      this.asking = false;
    }
    this.later();
  }

  private fetch(address: string, more: RequestInit = {}): Promise<Response> {
    const signal = AbortSignal.timeout(ASK_WITHIN_MS);
    return fetch(address, { credentials: "include", signal, ...more });
  }

  /** Renders the page anew when the order stands otherwise than it says. */
  private async take(order: Answer): Promise<void> {
    const standing = this.root.dataset["standing"];
    const isNew = order.status !== this.root.dataset["status"] || (standing === "preparing" && order.payment_url);
    if (isNew) await this.renew();
  }

  private async renew(): Promise<void> {
    const page = await this.fetch(location.href, { headers: { accept: "text/html" } });
    const text = await page.text();
    if (!page.ok) throw new Error(String(page.status));
    const next = new DOMParser().parseFromString(text, "text/html");
    const order = next.querySelector<HTMLElement>("[data-order]");
    if (!order) return;
    const [purse, announced] = [".coin-balance", "[data-announce]"];
    const corner = document.querySelector(purse);
    const nextCorner = next.querySelector(purse);
    if (corner && nextCorner) corner.replaceWith(document.importNode(nextCorner, true));
    const shown = document.importNode(order, true);
    // A live region speaks only what changes in it.
    const words = shown.querySelector(announced);
    const text_ = words?.textContent ?? "";
    if (words) words.textContent = "";
    const hadFocus = this.root.contains(document.activeElement);
    this.root.replaceWith(shown);
    this.root = shown;
    this.dress();
    this.tick();
    if (hadFocus) focusOn(shown.querySelector("h1"));
    setTimeout(() => words && (words.textContent = text_), 100);
  }

  /** What only a script can do. */
  private dress(): void {
    const print = this.root.querySelector<HTMLButtonElement>("[data-print]");
    if (print) {
      print.hidden = false;
      print.addEventListener("click", () => window.print());
    }
    const form = this.root.querySelector<HTMLFormElement>("[data-recheck]");
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.recheck(form);
    });
  }

  private async recheck(form: HTMLFormElement): Promise<void> {
    const button = form.querySelector("button");
    const said = form.querySelector("[data-said]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const name = button.textContent;
    const tell = (words: string | undefined): void => {
      if (said) said.textContent = words ?? "";
      const announce = this.root.querySelector("[data-announce]");
      if (announce) announce.textContent = words ?? "";
    };
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset["busy"] ?? "";
    let restMs = 0;
    try {
      const headers = { "content-type": "application/json" };
      const answer = await this.fetch(this.address("/recheck"), { method: "POST", headers, body: "{}" });
      if (answer.ok) {
        tell(form.dataset["nothing"]);
        await this.take((await answer.json()) as Answer);
      } else if (answer.status === 429) {
        const seconds = Math.max(1, Number(answer.headers.get("retry-after") ?? "10"));
        tell(form.dataset["lately"]?.replace("{seconds}", String(seconds)));
        restMs = seconds * 1_000;
      } else if (answer.status === 401 || answer.status === 403) {
        location.reload();
      } else {
        tell(form.dataset["away"]);
      }
    } catch {
      tell(navigator.onLine ? form.dataset["away"] : this.root.dataset["offline"]);
    }
    button.textContent = name;
    setTimeout(() => {
      button.removeAttribute("aria-disabled");
      if (restMs) tell("");
    }, restMs);
    this.wait = FIRST_MS;
    this.later();
  }

  private offline(is: boolean): void {
    const note = this.root.querySelector<HTMLElement>("[data-offline-note]");
    if (!note || note.hidden === !is) return;
    note.textContent = is ? (this.root.dataset["offline"] ?? "") : "";
    note.hidden = !is;
  }

  /** The clock runs; at its end the server is asked what that means. */
  private tick(): void {
    const clock = this.root.querySelector<HTMLElement>("[data-clock]");
    const place = clock?.querySelector("b");
    if (!clock || !place) return;
    const left = Math.ceil((Number(this.root.dataset["until"]) - Date.now() - this.offset) / 1_000);
    if (left <= 0) {
      if (!clock.hidden && !this.asking) {
        clock.hidden = true;
        void this.renew().catch(() => undefined);
      }
      return;
    }
    const two = (value: number): string => String(value).padStart(2, "0");
    const [hours, minutes, seconds] = [Math.floor(left / 3_600), Math.floor(left / 60) % 60, left % 60];
    const text = hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
    if (place.textContent !== text) place.textContent = text;
    clock.hidden = false;
    clock.toggleAttribute("data-soon", left <= 300);
  }
}

function focusOn(heading: HTMLElement | null): void {
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
}

/** Keeps an order's page true until it is settled. */
export function watchOrder(root: HTMLElement): void {
  new OrderPage(root).start();
}
