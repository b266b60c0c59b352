// Support as viewers and the broadcast see it: given in one browser, seen in the others, hidden everywhere.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { fits, newcomer } from "./people.mjs";
import { SLUG, startNight, until } from "./server.mjs";

if (process.env.SHOTS) await mkdir(process.env.SHOTS, { recursive: true });
const BROADCAST = { viewport: { width: 1920, height: 1080 } };
/** What a broadcast keeps free around its picture, in pixels. */
const SAFE = { x: 96, y: 54 };

let night;
let browser;
before(async () => {
  night = await startNight("[superchat]\nsupports_per_minute = 100\n");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

const watch = async (viewer, size, query = "") => {
  const opened = viewer ? await viewer.device(size) : await open(browser, size);
  await opened.page.goto(`${night.url}/watch/${SLUG}${query}`);
  // The rail is there once it has been asked for.
  await opened.page.waitForFunction(() => document.querySelector("[data-goal-total]").textContent !== "");
  return opened;
};
const overlay = async (kind, query = "") => {
  const opened = await open(browser, BROADCAST);
  const heard = opened.page.waitForEvent("websocket");
  await opened.page.goto(`${night.url}/overlay/${kind}/${SLUG}${query}`);
  await (await heard).waitForEvent("framesent");
  return opened;
};
const rail = (page) => page.locator("[data-support-rail] .support-message").allInnerTexts();
const give = (cookie, body) =>
  fetch(`${night.url}/api/v1/events/${SLUG}/supports`, {
    method: "POST", headers: { cookie, "content-type": "application/json", "idempotency-key": `k${Math.random()}` }, body: JSON.stringify(body),
  });
const shot = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, omitBackground: true });
};

for (const [language, query, thanks] of [["id", "", "Terkirim"], ["en", "?lang=en", "Sent"]]) {
  for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
    test(`${name} in ${language}: what is given on the sheet is seen by another viewer and on the broadcast, as text`, async () => {
      const giver = await newcomer(night, browser, 600);
      const [mine, other, air] = [await watch(giver, size, query), await watch(null, size, query), await overlay("superchats", "?sound=0")];
      await fits(mine.page, `${name}-${language}-support`);
      await mine.page.click("[data-support-open]");
      await mine.page.click('[data-amount="500"]');
      const said = `Ayo ${language} <img src=x onerror=alert(1)> ${name}`;
      await mine.page.fill("[data-support-message]", said);
      await mine.page.locator(".support-whom label").nth(3).click();
      await fits(mine.page, `${name}-${language}-sheet`);
      assert.match(await mine.page.innerText("[data-support-preview]"), /<img src=x/);
      await mine.page.click("[data-support-send]");
      for (const { page } of [mine, other]) {
        await page.locator("[data-support-rail] .support-message", { hasText: said }).waitFor();
        assert.equal(await page.locator("[data-support] img").count(), 0);
      }
      await air.page.locator(".alert-message", { hasText: said }).waitFor();
      await shot(air.page, `air-${name}-${language}`);
      assert.match(await mine.page.innerText("[data-support-news]"), new RegExp(thanks));
      assert.equal(await giver.coins(), 100);
      assert.match(await mine.page.innerText(".site-head .coin-balance"), /100/);
      await fits(other.page, `${name}-${language}-rail`);
      for (const each of [mine, other, air]) {
        assert.deepEqual(each.complaints, []);
        await each.close();
      }
    });
  }
}

test("who is short of coins is led to them, and nothing is taken", async () => {
  const giver = await newcomer(night, browser, 30);
  const { page, close } = await watch(giver, PHONE);
  await page.click("[data-support-open]");
  await page.locator("[data-support-balance]", { hasText: "30" }).waitFor();
  await page.click('[data-amount="50"]');
  assert.ok(await page.isDisabled("[data-support-send]"));
  assert.match(await page.getAttribute("[data-support-topup]", "href"), /\/coins/);
  await page.click('[data-amount="20"]');
  assert.ok(await page.isEnabled("[data-support-send]"));
  assert.equal(await giver.coins(), 30);
  await close();
});

test("a hidden message leaves rail and broadcast, and stays gone for who comes later", async () => {
  const giver = await newcomer(night, browser, 600);
  const [other, air] = [await watch(null, DESK), await overlay("superchats", "?sound=0&holdMs=60000")];
  assert.equal((await give(giver.cookie, { coins: 500, message: "hilangkan ini" })).status, 200);
  await other.page.locator("[data-support-rail]", { hasText: "hilangkan ini" }).waitFor();
  await air.page.locator(".alert", { hasText: "hilangkan ini" }).waitFor();
  const { items } = await (await fetch(`${night.url}/api/v1/events/${SLUG}/superchats`)).json();
  const { id } = items.find(({ message }) => message === "hilangkan ini");
  await night.run("support", "hide", SLUG, id);
  for (const { page } of [other, air]) await page.waitForFunction(() => !document.body.textContent.includes("hilangkan ini"));
  await other.page.reload();
  await other.page.waitForFunction(() => document.querySelector("[data-goal-total]").textContent !== "");
  await other.page.locator("[data-support-rail] li").first().waitFor();
  assert.ok(!(await rail(other.page)).includes("hilangkan ini"));
  await other.close();
  await air.close();
});

test("alerts come in order, none twice and none lost, over a cut line; a reload plays no old ones", async () => {
  const giver = await newcomer(night, browser, 10_000);
  const air = await overlay("superchats", "?sound=0&holdMs=50&max=1");
  const { page } = air;
  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) window.seen.push(node.querySelector?.(".alert-message")?.textContent);
    }).observe(document.getElementById("stage"), { childList: true });
  });
  const said = Array.from({ length: 24 }, (_, at) => `nomor ${String(at).padStart(2, "0")}`);
  const send = async (from, to) => {
    for (const message of said.slice(from, to)) assert.equal((await give(giver.cookie, { coins: 50, message })).status, 200);
  };
  await send(0, 8);
  await page.context().setOffline(true);
  await send(8, 16);
  await page.context().setOffline(false);
  await send(16, 24);
  await until("all alerts were shown", async () => (await page.evaluate(() => window.seen.length)) >= said.length, 60_000);
  assert.deepEqual(await page.evaluate(() => window.seen), said);
  await page.waitForFunction(() => document.querySelectorAll(".alert").length === 0, null, { timeout: 20_000 });
  const heard = page.waitForEvent("websocket");
  await page.reload();
  await (await heard).waitForEvent("framesent");
  assert.equal((await give(giver.cookie, { coins: 50, message: "sesudah muat ulang" })).status, 200);
  await page.locator(".alert", { hasText: "sesudah muat ulang" }).waitFor();
  assert.equal(await page.locator(".alert").count(), 1);
  await air.close();
});

test("each tier, the longest message, a long word and right-to-left text stay inside the safe area", async () => {
  const giver = await newcomer(night, browser, 30_000);
  const air = await overlay("superchats", "?sound=0&holdMs=60000&max=1");
  const { page } = air;
  const cases = [
    ["longest", 5_000, "Semangat terus pejuang, seluruh kampung menonton malam ini dan berdoa supaya menang! ".repeat(5).slice(0, 340)],
    ["long-word", 50, "a".repeat(40)],
    ["right-to-left", 100, "مبروك للبطل، الليلة ليلتك"],
    ["emoji", 200, "🔥🥊👊🏽💥 gas 🇮🇩"],
  ];
  for (const [name, coins, message] of cases) {
    const answer = await give(giver.cookie, { coins, message });
    assert.equal(answer.status, 200, await answer.clone().text());
    const alert = page.locator(".alert", { hasText: message.slice(0, 8) });
    await alert.waitFor();
    await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState === "finished"));
    await shot(page, `air-${name}`);
    const box = await alert.boundingBox();
    assert.ok(box.x >= SAFE.x - 1 && box.y >= SAFE.y - 1, JSON.stringify(box));
    assert.ok(box.x + box.width <= 1920 - SAFE.x + 1 && box.y + box.height <= 1080 - SAFE.y + 1, JSON.stringify(box));
    const cut = await alert.evaluate((card) => card.scrollHeight - card.clientHeight + card.scrollWidth - card.clientWidth);
    assert.ok(cut <= 1, `${name}: ${cut} px are cut off`);
    const { items } = await (await fetch(`${night.url}/api/v1/events/${SLUG}/superchats`)).json();
    await night.run("support", "hide", SLUG, items.at(-1).id);
    await alert.waitFor({ state: "detached" });
  }
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgba(0, 0, 0, 0)");
  await air.close();
});

test("ladder and leaderboard of the broadcast move with what is given, and an anonymous name is nowhere", async () => {
  const giver = await newcomer(night, browser, 1_500);
  const [ladder, board, donations] = [await overlay("milestones"), await overlay("leaderboard"), await overlay("donations", "?holdMs=60000")];
  const before = Number((await ladder.page.locator(".panel-total").innerText()).replace(/\D/g, ""));
  assert.equal((await give(giver.cookie, { coins: 1_200, anonymous: true })).status, 200);
  await ladder.page.waitForFunction((total) => Number(document.querySelector(".panel-total").textContent.replace(/\D/g, "")) === total, before + 1_200);
  await ladder.page.locator("[data-reached]").waitFor();
  await donations.page.locator(".alert", { hasText: "Seseorang" }).waitFor();
  await board.page.locator(".board li").first().waitFor();
  for (const [name, each] of Object.entries({ ladder, board, donations })) {
    await shot(each.page, `air-${name}`);
    assert.ok(!(await each.page.innerText("body")).includes(giver.name), name);
    assert.deepEqual(each.complaints, []);
    await each.close();
  }
});

test("the broadcast's own page says what it has shown; one without the key, or with an old one, shows and says nothing", async () => {
  const giver = await newcomer(night, browser, 200);
  const key = (await night.run("event", "overlay-key", SLUG)).stdout.trim();
  // The running server knows it within a second.
  await until("the page is the broadcast's own", async () => {
    const page = await (await fetch(`${night.url}/overlay/superchats/${SLUG}?key=${key}`)).text();
    return page.includes('"own":true');
  });
  const own = await overlay("superchats", `?sound=0&holdMs=60000&key=${key}`);
  const others = [await overlay("superchats", "?sound=0&holdMs=60000"), await overlay("superchats", `?sound=0&holdMs=60000&key=${key}x`)];
  const reports = [];
  for (const { page } of [own, ...others]) {
    page.on("request", (request) => {
      if (request.url().endsWith("/overlay/shown")) reports.push(page);
    });
  }
  const told = own.page.waitForResponse((answer) => answer.url().endsWith("/overlay/shown"));
  assert.equal((await give(giver.cookie, { coins: 50, message: "di siaran" })).status, 200);
  for (const { page } of others) await page.locator(".alert", { hasText: "di siaran" }).waitFor();
  assert.equal((await told).status(), 204);
  assert.match((await night.run("event", "overlays", SLUG)).stdout, /on the broadcast: 1,/);
  const line = (await night.run("support", "list", SLUG)).stdout.split("\n").find((text) => text.includes("di siaran"));
  assert.match(line.split("\t")[7], /^20\d\d-/);
  assert.deepEqual([...new Set(reports)], [own.page]);
  for (const each of [own, ...others]) {
    assert.deepEqual(each.complaints, []);
    await each.close();
  }
});
