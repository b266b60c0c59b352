// The shop and an order's page: one press buys once, and an order's page keeps itself true.
import { watchOrder } from "./order";

/** A form that was sent is not sent again; a page that comes back from the browser's memory is asked anew. */
function once(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    if (form.dataset["sent"]) event.preventDefault();
    form.dataset["sent"] = "1";
    form.querySelector("button")?.setAttribute("aria-disabled", "true");
  });
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-once]")) once(form);
if (document.querySelector("form[data-once]")) {
  // Its keys may have bought something already.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
const order = document.querySelector<HTMLElement>("[data-order]");
if (order) watchOrder(order);
