// Unlocking on an event's page, as people do it: by hand, by keyboard, twice in a hurry, without enough coins.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { SLUG, startNight } from "./server.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = process.env.SHOTS;
if (SHOTS) await mkdir(SHOTS, { recursive: true });

let night;
let browser;
let people = 0;
before(async () => {
  night = await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

/** Somebody new with coins: a page that is signed in, and what they have. */
async function viewer(size, coins) {
  people += 1;
  const phone = `0812${String(people).padStart(8, "0")}`;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ phone, password: "kuda-nil terbang 77", name: `Penonton ${people}` });
  const answer = await fetch(`${night.url}/api/v1/register`, { method: "POST", headers, body });
  assert.equal(answer.status, 201);
  const [name, value] = answer.headers.getSetCookie().find((line) => line.startsWith("bh_session=")).split(";")[0].split("=");
  if (coins > 0) await night.run("coins", "grant", "--phone", phone, "--coins", String(coins), "--reason", "test");
  const opened = await open(browser, size);
  await opened.page.context().addCookies([{ name, value, url: night.url }]);
  const cookie = `${name}=${value}`;
  const me = async () => (await fetch(`${night.url}/api/v1/me`, { headers: { cookie } })).json();
  return { ...opened, coins: async () => (await me()).coins };
}

async function fits(page, name) {
  await page.evaluate(() => document.fonts.ready);
  if (SHOTS) {
    await page.evaluate(() => document.activeElement?.blur());
    await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  }
  const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(spill <= 0, `${name}: ${spill} px wider than the window`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${name} ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
    [],
  );
}

const WORDS = {
  id: { opened: "Berhasil dibuka, 30 koin dipakai.", credit: "Sudah dibayar 30 koin, tinggal 60 koin.", after: "Saldo menjadi 70 koin." },
  en: { opened: "Unlocked, 30 coins spent.", credit: "30 coins are paid already, 60 remain.", after: "Your balance will be 70 coins." },
};

for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
  for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
    describe(`${name} in ${language}`, () => {
      test("one fight, then the whole night less what the fight has cost", async () => {
        const { page, complaints, coins, close } = await viewer(size, 100);
        await page.goto(`${night.url}/events/${SLUG}${query}`);
        await fits(page, `${name}-${language}-1-for-sale`);
        await page.click("#fight-2 summary");
        assert.match(await page.innerText("#fight-2 .unlock-question"), new RegExp(WORDS[language].after));
        await fits(page, `${name}-${language}-2-asked`);
        await page.click("#fight-2 button");
        await page.waitForSelector("#fight-2 .unlock-mark-open");
        assert.equal(await page.innerText("#fight-2 .unlock-note"), WORDS[language].opened);
        assert.equal(await page.getAttribute("html", "lang"), language);
        assert.equal(await page.innerText(".night-pass-credit"), WORDS[language].credit);
        await fits(page, `${name}-${language}-3-opened`);
        await page.click("#night summary");
        await page.click("#night button");
        await page.waitForSelector("#night .unlock-mark-open");
        assert.equal(await page.locator(".bout .unlock-mark-open").count(), 2);
        await fits(page, `${name}-${language}-4-night`);
        assert.equal(await coins(), 10);
        assert.deepEqual(complaints, []);
        await close();
      });

      test("without the coins the page says how many are missing, one step from buying them", async () => {
        const { page, coins, close } = await viewer(size, 20);
        await page.goto(`${night.url}/events/${SLUG}${query}`);
        assert.match(await page.innerText("#fight-2 .unlock-short"), language === "id" ? /kurang 10 koin/ : /10 more are needed/);
        await fits(page, `${name}-${language}-5-short`);
        assert.equal(await page.locator("#fight-2 form").count(), 0);
        await page.click("#fight-2 a");
        await page.waitForURL("**/coins*");
        assert.equal(await coins(), 20);
        await close();
      });

      test("signed out, the button leads to signing in and back", async () => {
        const { page, close } = await open(browser, size);
        await page.goto(`${night.url}/events/${SLUG}${query}`);
        await fits(page, `${name}-${language}-6-signed-out`);
        await page.click("#fight-2 a");
        await page.waitForURL("**/login?next=*");
        await close();
      });
    });
  }
}

test("two presses in a hurry pay once", async () => {
  const { page, coins, close } = await viewer(PHONE, 100);
  await page.goto(`${night.url}/events/${SLUG}`);
  await page.click("#fight-2 summary");
  await page.evaluate(() => {
    const form = document.querySelector("#fight-2 form");
    const body = new URLSearchParams(new FormData(form));
    return Promise.all([1, 2, 3].map(() => fetch(form.action, { method: "POST", body })));
  });
  await page.dblclick("#fight-2 button");
  await page.waitForSelector("#fight-2 .unlock-mark-open");
  assert.equal(await coins(), 70);
  await close();
});

test("two pages of one account, each with a key of its own, pay once", async () => {
  const { page, coins, close } = await viewer(DESK, 100);
  const other = await page.context().newPage();
  for (const each of [page, other]) {
    await each.goto(`${night.url}/events/${SLUG}`);
    await each.click("#fight-2 summary");
  }
  await Promise.all([page, other].map((each) => each.click("#fight-2 button")));
  for (const each of [page, other]) await each.waitForSelector("#fight-2 .unlock-mark-open");
  assert.equal(await coins(), 70);
  await close();
});

test("coins spent elsewhere meanwhile: nothing is opened, and the page says what is missing", async () => {
  const { page, coins, close } = await viewer(DESK, 60);
  const other = await page.context().newPage();
  for (const each of [page, other]) await each.goto(`${night.url}/events/${SLUG}`);
  await other.click("#fight-3 summary");
  await other.click("#fight-3 button");
  await other.waitForSelector("#fight-3 .unlock-mark-open");
  await page.click("#fight-2 summary");
  await page.click("#fight-2 button");
  await page.waitForSelector("#fight-2 .unlock-short [role=alert]");
  assert.match(await page.innerText("#fight-2 [role=alert]"), /kurang 20 koin/);
  assert.equal(await coins(), 10);
  await close();
});

test("the keyboard alone opens a fight, and the ring is always seen", async () => {
  const { page, coins, close } = await viewer(DESK, 100);
  await page.goto(`${night.url}/events/${SLUG}`);
  const focusOn = async (selector) => {
    for (let at = 0; at < 40; at += 1) {
      await page.keyboard.press("Tab");
      const style = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(style, "none", await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80)));
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    }
    assert.fail(`the keyboard does not reach ${selector}`);
  };
  await focusOn("#fight-2 summary");
  await page.keyboard.press("Enter");
  await focusOn("#fight-2 button");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#fight-2 .unlock-mark-open");
  assert.equal(await coins(), 70);
  await close();
});

test("without scripts it works all the same", async () => {
  const { page, coins, close } = await viewer(PHONE, 100);
  const cookies = await page.context().cookies();
  const context = await browser.newContext({ ...PHONE, javaScriptEnabled: false });
  await context.addCookies(cookies);
  const bare = await context.newPage();
  await bare.goto(`${night.url}/events/${SLUG}`);
  await bare.click("#fight-2 summary");
  await bare.click("#fight-2 button");
  await bare.waitForSelector("#fight-2 .unlock-mark-open");
  assert.equal(await coins(), 70);
  await context.close();
  await close();
});
