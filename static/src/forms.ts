// Forms: passwords can be shown, a form is sent once, and what is wrong has the focus.

const EYE =
  '<svg width="22" height="22" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d="M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12Z"/><circle cx="12" cy="12" r="2.8"/></svg>';

function addReveal(box: HTMLElement): void {
  const input = box.querySelector("input");
  if (!input) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.innerHTML = EYE;
  const say = (): void => {
    const shown = input.type === "text";
    button.classList.toggle("reveal-shown", shown);
    button.setAttribute("aria-label", (shown ? box.dataset.hide : box.dataset.show) ?? "");
  };
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    say();
  });
  // A browser keeps passwords that it is sent, not texts.
  input.form?.addEventListener("submit", () => {
    input.type = "password";
    say();
  });
  say();
  box.append(button);
}

function sendOnce(form: HTMLFormElement): void {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  // Back from the next page, the form may be sent again.
  addEventListener("pageshow", () => {
    sent = false;
  });
}

/** Equips the forms of the page. */
export function startForms(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-reveal]")) addReveal(box);
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-once]")) sendOnce(form);
  document.querySelector<HTMLElement>("[aria-invalid=true], .alert")?.focus();
}
