// The whole gate: camera → door → encoder → cipher → store → keys → Chromium, with people who paid and who did not.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, launch, open } from "../browser/browser.mjs";
import { inState, mark, marked, moved, newcomer } from "../browser/people.mjs";
import { SLUG, startNight, until } from "../browser/server.mjs";
import { startTollgate } from "../browser/tollgate.mjs";

const ROTATION_MS = 10_000;
let night;
let browser;
let buyer;
let other;
let stranger;
let fights;
before(async () => {
  night = await startNight(`[playback]\nkey_rotation_ms = ${ROTATION_MS}\n`);
  browser = await launch();
  night.publish();
  fights = Object.fromEntries((await night.state()).fights.map(({ number, id }) => [number, id]));
  const [two, three] = [await newcomer(night, browser, 100), await newcomer(night, browser, 100)];
  assert.equal((await two.unlock(fights[2])).status, 200);
  assert.equal((await three.unlock(fights[3])).status, 200);
  const counting = () => {
    window.waits = [];
    document.addEventListener("waiting", () => window.waits.push(Date.now()), true);
  };
  [buyer, other] = [await two.device(DESK, counting), await three.device(DESK, counting)];
  stranger = await open(browser, DESK);
  for (const { page } of [buyer, other, stranger]) {
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    page.asked = asked;
  }
  await until("a picture", async () => (await night.state()).stream === "live", 60_000);
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

const data = (page) => page.evaluate(() => ({ ...document.getElementById("player").dataset }));
const sees = (page, what, timeout = 60_000) =>
  page.waitForFunction(
    (wanted) => Object.entries(wanted).every(([name, value]) => (document.getElementById("player").dataset[name] ?? null) === value),
    what,
    { timeout },
  );
const keys = (page) => page.asked.filter((url) => url.includes("/api/v1/keys/"));

test("before a fight is on air everybody sees the picture, and nobody asks for a key", async () => {
  for (const { page } of [buyer, other, stranger]) {
    await page.goto(`${night.url}/watch/${SLUG}`);
    await inState(page, "playing", 60_000);
    await mark(page);
  }
  for (const { page } of [buyer, other, stranger]) {
    await moved(page, 3);
    assert.deepEqual(keys(page), []);
  }
});

test("on air: who paid sees no interruption over two rotations, who did not is shut out, each with the right word", async () => {
  const waits = await buyer.page.evaluate(() => window.waits.length);
  await night.run("event", "on-air", SLUG, "--fight", "2");
  await Promise.all([
    sees(buyer.page, { sold: "", fight: "2", gate: "open" }),
    sees(other.page, { gate: "locked", state: "shut" }),
    sees(stranger.page, { gate: "signed-out", state: "shut" }),
  ]);
  await until("keys of two rotations more", async () => new Set(keys(buyer.page)).size >= 4, 60_000);
  await moved(buyer.page, 3);
  assert.equal((await data(buyer.page)).gate, "open");
  assert.equal(await buyer.page.evaluate(() => window.waits.length), waits, "the buyer's picture waited");
  assert.equal(keys(other.page).length, 1, "a locked player asks once");
  assert.ok(keys(stranger.page).length <= 1);
  assert.equal(await other.page.evaluate(() => document.querySelector("#player video").readyState), 0);
});

test("off air the stream is free again for everybody, by itself and in place", async () => {
  await night.run("event", "off-air", SLUG);
  for (const { page } of [other, stranger, buyer]) {
    await sees(page, { state: "playing", gate: "open", sold: null });
    await moved(page, 2);
    assert.ok(await marked(page), "the page was loaded again");
  }
});

test("one fight's buyer does not see another fight; that one's buyer does", async () => {
  await night.run("event", "on-air", SLUG, "--fight", "3");
  await Promise.all([
    sees(other.page, { sold: "", fight: "3", gate: "open", state: "playing" }),
    sees(buyer.page, { gate: "locked", state: "shut" }),
  ]);
  await moved(other.page, 2);
});

test("rewinding: each sees the fight that is theirs, and not the other's", async () => {
  const key = (id) => (url) => url.includes(id);
  assert.ok(keys(buyer.page).some(key(fights[2])) && keys(other.page).some(key(fights[3])));
  const open = async (page, id) => page.evaluate(async (found) => (await fetch(found, { credentials: "include" })).status, id);
  const of = (page, id) => keys(page).find(key(id));
  assert.equal(await open(buyer.page, of(buyer.page, fights[2])), 200);
  assert.equal(await open(other.page, of(buyer.page, fights[2])), 403, "a copied address with another's cookie");
  assert.equal(await open(other.page, of(other.page, fights[3])), 200);
  assert.equal(await open(buyer.page, of(other.page, fights[3])), 403, "a copied address with another's cookie");
});

test("a node that gives no keys for a while is no refusal", async () => {
  const gate = await startTollgate(night.url, { real: true });
  const cookies = await other.page.context().cookies();
  const { page, close } = await open(browser, DESK);
  await page.context().addCookies(cookies.map(({ name, value }) => ({ name, value, url: gate.url })));
  gate.dead = (path) => path.startsWith("/api/v1/keys/");
  await page.goto(`${gate.url}/watch/${SLUG}`);
  await until("tries", async () => gate.asked.filter(({ path }) => path.includes("/keys/")).length >= 3, 40_000);
  assert.equal((await data(page)).gate, "open");
  gate.dead = () => false;
  await sees(page, { state: "playing", gate: "open", sold: "" });
  await moved(page, 2);
  await close();
  await gate.stop();
});
