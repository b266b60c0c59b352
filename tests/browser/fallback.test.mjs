// Where no socket gets through: everything that the crowd does is asked for every two seconds, on every page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, launch, open } from "./browser.mjs";
import { newcomer } from "./people.mjs";
import { SLUG, startNight, until } from "./server.mjs";

const BROADCAST = { viewport: { width: 1920, height: 1080 } };
/** Two seconds, the time of an answer that caches keep for one, and a busy machine. */
const SOON = { timeout: 8_000 };

let night;
let browser;
before(async () => {
  night = await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

/** A page whose sockets are closed at once; how many it has tried. */
async function shut(address, size) {
  const opened = await open(browser, size);
  let tried = 0;
  await opened.page.routeWebSocket(/\/ws/, (socket) => {
    tried += 1;
    socket.close({ code: 1011 });
  });
  await opened.page.goto(`${night.url}${address}`);
  await until("a socket was tried", async () => tried > 0);
  return opened;
}

test("supports, totals, ladder, leaderboard, polls and what a moderator hides come without a socket", async () => {
  const giver = await newcomer(night, browser, 3_000);
  const post = (path, body) =>
    fetch(`${night.url}/api/v1/${path}`, {
      method: "POST",
      headers: { cookie: giver.cookie, "content-type": "application/json", "idempotency-key": `k${Math.random()}` },
      body: JSON.stringify(body),
    });
  const watch = await shut(`/watch/${SLUG}`, DESK);
  const air = {};
  for (const kind of ["superchats", "donations", "milestones", "poll", "leaderboard"]) {
    air[kind] = await shut(`/overlay/${kind}/${SLUG}?sound=0&holdMs=60000`, BROADCAST);
  }
  // Whoever has not yet been told where now is would take what comes for what was there before.
  await watch.page.waitForFunction(() => document.querySelector("[data-goal-total]").textContent !== "");
  await air.milestones.page.locator(".ladder").waitFor();
  const event = await (await fetch(`${night.url}/api/v1/events/${SLUG}`)).json();
  const fighter = event.fights[1].red;

  assert.equal((await post(`events/${SLUG}/supports`, { coins: 1_000, fighter_id: fighter.id, message: "tanpa soket" })).status, 200);
  await watch.page.locator("[data-support-rail] .support-message", { hasText: "tanpa soket" }).waitFor(SOON);
  await air.superchats.page.locator(".alert", { hasText: "tanpa soket" }).waitFor(SOON);
  await watch.page.locator("[data-goal-total]", { hasText: "1.000" }).waitFor(SOON);
  await air.milestones.page.locator("li[data-reached]", { hasText: "Ronde tambahan" }).waitFor(SOON);
  await air.leaderboard.page.locator(".board-coins", { hasText: "1.000" }).waitFor(SOON);

  assert.equal((await post(`events/${SLUG}/supports`, { coins: 7 })).status, 200);
  await air.donations.page.locator(".alert", { hasText: "7" }).waitFor(SOON);

  const { polls } = await (await fetch(`${night.url}/api/v1/events/${SLUG}/polls`)).json();
  const [poll] = polls;
  assert.equal((await post(`polls/${poll.id}/votes`, { option_id: poll.options[1].id, coins: 3 })).status, 200);
  await watch.page.waitForFunction((at) => document.querySelector(at)?.textContent === "100%", `[data-poll="${poll.id}"] .poll-option:nth-child(2) [data-percent]`, SOON);
  await air.poll.page.locator("#stage", { hasText: "100" }).waitFor(SOON);

  const { items } = await (await fetch(`${night.url}/api/v1/events/${SLUG}/superchats`)).json();
  await night.run("support", "hide", SLUG, items.find(({ message }) => message === "tanpa soket").id);
  for (const { page } of [watch, air.superchats]) {
    await page.waitForFunction(() => !document.body.textContent.includes("tanpa soket"), null, SOON);
  }
  for (const each of [watch, ...Object.values(air)]) await each.close();
});
