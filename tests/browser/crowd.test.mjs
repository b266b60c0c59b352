// The crowd's stage: who gave most, the moment of a step, polls in the order in which they matter, typed words as text,
// and every tier on the broadcast.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  night = await startNight("[superchat]\nsupports_per_minute = 1000\n");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

async function apply(text) {
  const folder = await mkdtemp(join(tmpdir(), "bakuhantam-crowd-"));
  await writeFile(join(folder, "crowd.toml"), `[[events]]\nslug = "${SLUG}"\n${text}`);
  await night.run("apply", join(folder, "crowd.toml"));
  await rm(folder, { recursive: true });
}
const json = async (path) => (await fetch(`${night.url}/api/v1/events/${SLUG}/${path}`)).json();
const poll = (code, question, options = ["Ari", "Budi"]) =>
  `[[events.polls]]\ncode = "${code}"\nquestion = '${question}'\noptions = ${JSON.stringify(options)}\ncoins_per_vote = 1\nmax_votes_per_viewer = 9\nstatus = "open"\n`;
const watch = async (viewer, size, query = "") => {
  const opened = viewer ? await viewer.device(size) : await open(browser, size);
  await opened.page.goto(`${night.url}/watch/${SLUG}${query}`);
  // The crowd is there once it has been asked for.
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
const give = async (cookie, body) => {
  const headers = { cookie, "content-type": "application/json", "idempotency-key": `k${Math.random()}` };
  const answer = await fetch(`${night.url}/api/v1/events/${SLUG}/supports`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
};
const shot = async (page, name) => {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, omitBackground: true });
};

test("every step has its moment once: read out, above the controls, one after the other; also on the broadcast", async () => {
  await apply(["Target satu", "Target dua", "Babak tambahan dengan musik dan lampu merah putih"].map((title, at) => `[[events.milestones]]\ncoins = ${(at + 1) * 100}\ntitle = "${title}"\n`).join(""));
  const giver = await newcomer(night, browser, 5_000);
  const seen = () => window.steps;
  const note = (page) => page.evaluate(() => {
    window.steps = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) window.steps.push(node.querySelector(".moment-title").textContent);
    }).observe(document.querySelector(".moments"), { childList: true });
  });
  const calm = await open(browser, { ...PHONE, reducedMotion: "reduce" });
  await calm.page.goto(`${night.url}/watch/${SLUG}?lang=en`);
  await calm.page.waitForFunction(() => document.querySelector("[data-goal-total]").textContent !== "");
  const [mine, air] = [await watch(null, DESK), await overlay("milestones")];
  await air.page.locator(".ladder").waitFor();
  for (const { page } of [mine, calm, air]) await note(page);
  await give(giver.cookie, { coins: 250 });
  for (const [each, name] of [[calm, "phone"], [mine, "desk"], [air, "air"]]) {
    const { page } = each;
    await page.locator(".moment-title", { hasText: "Target satu" }).waitFor();
    await page.waitForFunction(() => document.querySelector(".moment").getAnimations().every(({ playState }) => playState === "finished"));
    if (each !== air) {
      const [banner, player] = [await page.locator(".moment").boundingBox(), await page.locator("#player").boundingBox()];
      assert.ok(banner.y >= player.y && banner.y + banner.height < player.y + player.height - 96, JSON.stringify({ banner, player }));
    }
    await shot(page, `moment-${name}`);
  }
  const region = mine.page.locator("[data-moments]");
  assert.equal(await region.getAttribute("aria-live"), "polite");
  assert.equal(await region.evaluate((at) => getComputedStyle(at).pointerEvents), "none");
  for (const { page } of [mine, calm, air]) {
    await page.waitForFunction(() => window.steps.length > 1 && !document.querySelector(".moment"), null, { timeout: 25_000 });
    assert.deepEqual(await page.evaluate(seen), ["Target satu", "Target dua"]);
  }
  assert.match(await calm.page.innerText("[data-goal-total]"), /250 coins/);
  // Coming back, and being told again, is no news.
  await mine.page.context().setOffline(true);
  await mine.page.context().setOffline(false);
  await give(giver.cookie, { coins: 100 });
  await mine.page.locator(".moment-title", { hasText: "Babak tambahan" }).waitFor({ timeout: 30_000 });
  await shot(mine.page, "moment-long");
  assert.deepEqual(await mine.page.evaluate(seen), ["Target satu", "Target dua", "Babak tambahan dengan musik dan lampu merah putih"]);
  await mine.page.reload();
  await mine.page.waitForFunction(() => document.querySelectorAll("[data-reached]").length === 3);
  assert.equal(await mine.page.locator(".moment, [data-new]").count(), 0);
  for (const each of [mine, calm, air]) await each.close();
});

for (const [name, size, query, words] of [["phone", PHONE, "", "Pendukung teratas"], ["desk", DESK, "?lang=en", "Top supporters"]]) {
  test(`${name}: who gave most is a tab away, follows what is given, and is not asked for before`, async () => {
    const [small, great] = [await newcomer(night, browser, 10_000), await newcomer(night, browser, 10_000)];
    await give(small.cookie, { coins: 6_000, anonymous: false });
    const opened = await open(browser, size);
    const asked = [];
    opened.page.on("request", (one) => one.url().endsWith("/leaderboard") && asked.push(one.url()));
    await opened.page.goto(`${night.url}/watch/${SLUG}${query}`);
    await opened.page.locator("[data-support-rail] li").first().waitFor();
    assert.deepEqual(asked, []);
    const { page } = opened;
    const tab = page.getByRole("tab", { name: words });
    await page.getByRole("tab").first().focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await tab.getAttribute("aria-selected"), "true");
    assert.equal(await page.isVisible("[data-support-rail]"), false);
    await page.locator(".board-name", { hasText: small.name }).waitFor();
    await give(great.cookie, { coins: 9_000 });
    await page.locator(".support-board li", { hasText: great.name }).waitFor({ timeout: 10_000 });
    const rows = await page.locator(".support-board li").allInnerTexts();
    assert.ok(rows.findIndex((row) => row.includes(great.name)) < rows.findIndex((row) => row.includes(small.name)), rows.join());
    assert.match(rows.join(), query ? /9,000/ : /9\.000/);
    await page.locator(".support").scrollIntoViewIfNeeded();
    await fits(page, `board-${name}`);
    await tab.press("Home");
    assert.ok(await page.isVisible("[data-support-rail]"));
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });
}

test("open polls come first, then what was decided last, older results are folded; all cards know the coins", async () => {
  const viewer = await newcomer(night, browser, 50);
  await apply(["a", "b", "c", "d"].map((code) => poll(code, `Soal ${code}?`)).join(""));
  await until("all are told", async () => (await json("polls")).polls.length === 5);
  await night.run("poll", "close", SLUG, "winner");
  await night.run("poll", "settle", SLUG, "winner", "--winner", "Ari");
  const { page, complaints, close } = await watch(viewer, PHONE);
  const questions = () => page.$$eval("[data-poll-list] > .poll-card [data-poll-question]", (all) => all.map((one) => one.textContent));
  const folded = () => page.$$eval("[data-poll-past] [data-poll-question]", (all) => all.map((one) => one.textContent));
  assert.deepEqual(await questions(), ["Soal a?", "Soal b?", "Soal c?", "Soal d?", "Siapa menang?"]);
  for (const code of ["a", "b"]) {
    await night.run("poll", "close", SLUG, code);
    await night.run("poll", "settle", SLUG, code, "--winner", "Budi");
  }
  await night.run("poll", "close", SLUG, "c");
  const wanted = [["Soal d?", "Soal c?"], ["Soal b?", "Soal a?", "Siapa menang?"]];
  await until("they stand in order", async () => JSON.stringify([await questions(), await folded()]) === JSON.stringify(wanted));
  assert.equal(await page.isVisible("[data-poll-past] .poll-card"), false);
  await page.locator("[data-poll-list]").scrollIntoViewIfNeeded();
  await fits(page, "polls-order");
  await page.click("[data-poll-past] summary");
  await page.locator("[data-poll-past] .poll-card").first().waitFor();
  await fits(page, "polls-past");
  // Coins that the sheet takes are gone from the open card's balance, without a look away.
  const balance = page.locator("[data-poll-list] > .poll-card [data-poll-balance]").first();
  assert.match(await balance.innerText(), /50/);
  await page.click("[data-support-open]");
  await page.click('[data-amount="20"]');
  await page.click("[data-support-send]");
  await page.waitForFunction(() => document.querySelector("[data-poll-list] > .poll-card [data-poll-balance]").textContent.includes("30"));
  // A page that is made now has the same order before any script.
  const plain = await (await fetch(`${night.url}/watch/${SLUG}`)).text();
  const at = [...wanted[0], ...wanted[1]].map((question) => plain.indexOf(`>${question}<`));
  assert.deepEqual(at, [...at].sort((one, other) => one - other));
  assert.ok(plain.indexOf("data-poll-past") < at[2] && at[1] < plain.indexOf("data-poll-past"));
  assert.deepEqual(complaints, []);
  await close();
});

test("each tier stays inside the safe area with its longest message, and so do emoji, right-to-left and a long word", async () => {
  const giver = await newcomer(night, browser, 60_000);
  const air = await overlay("superchats", "?sound=0&holdMs=120000&max=1");
  const small = await overlay("donations", "?sound=0&holdMs=120000&max=1");
  const page = air.page;
  const tiers = JSON.parse(await page.textContent("#overlay-facts")).tiers;
  assert.equal(tiers.length, 11);
  const long = "Semangat terus pejuang, seluruh kampung menonton malam ini dan berdoa supaya menang! ".repeat(6);
  const fighters = (await (await fetch(`${night.url}/api/v1/events/${SLUG}`)).json()).fights.flatMap(({ red, blue }) => [red.id, blue.id]);
  const cases = tiers.map(({ name, from_coins, max_chars }, at) => [`tier-${String(at + 1).padStart(2, "0")}-${name}`, from_coins, long.slice(0, max_chars).trim(), at % 2 ? fighters[at % fighters.length] : null]);
  for (const coins of [50, 1_000]) {
    cases.push([`word-${coins}`, coins, `Gas ${"a".repeat(40)} terus`], [`rtl-${coins}`, coins, "مبروك للبطل، الليلة ليلتك يا أسد الجزيرة"], [`emoji-${coins}`, coins, "🔥🥊👊🏽💥 gas terus 🇮🇩 👨‍👩‍👧‍👦 💪🏿"]);
  }
  for (const [name, coins, message, fighter_id] of cases) {
    await give(giver.cookie, { coins, ...(message ? { message } : {}), ...(fighter_id ? { fighter_id } : {}) });
    const on = message ? page : small.page;
    const alert = on.locator(".alert");
    await alert.waitFor();
    await on.waitForFunction(() => document.getAnimations().every(({ playState }) => playState === "finished"));
    await shot(on, `air-${name}`);
    if (message) assert.equal(await alert.locator(".alert-message").textContent(), message);
    const box = await alert.boundingBox();
    assert.ok(box.x >= SAFE.x - 1 && box.y >= SAFE.y - 1, `${name}: ${JSON.stringify(box)}`);
    assert.ok(box.x + box.width <= 1920 - SAFE.x + 1 && box.y + box.height <= 1080 - SAFE.y + 1, `${name}: ${JSON.stringify(box)}`);
    const cut = await alert.evaluate((card) =>
      [card, ...card.querySelectorAll("*")].map((one) => Math.max(one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth) * (getComputedStyle(one).overflow === "visible" ? 0 : 1)));
    assert.ok(cut.every((pixels) => pixels <= 1), `${name}: ${cut} px are cut off`);
    const list = message ? "superchats" : "donations";
    await night.run("support", "hide", SLUG, (await json(list)).items.at(-1).id);
    await alert.waitFor({ state: "detached" });
  }
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgba(0, 0, 0, 0)");
  await air.close();
  await small.close();
});

test("whatever is typed is text: on the watch page, the event's page and all five overlays", async () => {
  const evil = (what) => `<img src=x onerror=alert(1)>${what}<script>alert(2)</script>`;
  await apply(
    `title = '${evil("acara")}'\n[[events.fights]]\nnumber = 3\nred = '${evil("merah")}'\nblue = '${evil("biru")}'\n` +
      `[[events.milestones]]\ncoins = 99000\ntitle = '${evil("target")}'\n` +
      poll("evil", evil("soal"), [evil("satu"), evil("dua")]),
  );
  const giver = await newcomer(night, browser, 5_000);
  const name = "<b>x</b><img src=q>";
  const form = await fetch(`${night.url}/api/v1/register`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ phone: "081399998888", password: "kuda-nil terbang 77", name }),
  });
  assert.equal(form.status, 201, await form.clone().text());
  const cookie = form.headers.getSetCookie().find((line) => line.startsWith("bh_session=")).split(";")[0];
  await night.run("coins", "grant", "--phone", "081399998888", "--coins", "50000", "--reason", "test");
  const kinds = ["superchats", "donations", "milestones", "poll", "leaderboard"];
  const pages = [await watch(giver, DESK), await open(browser, PHONE)];
  await pages[1].page.goto(`${night.url}/events/${SLUG}`);
  for (const kind of kinds) pages.push(await overlay(kind, "?sound=0&holdMs=120000"));
  const dialogs = [];
  for (const { page } of pages) page.on("dialog", (dialog) => dialogs.push(dialog.message()));
  const fighter = (await (await fetch(`${night.url}/api/v1/events/${SLUG}`)).json()).fights[2].red.id;
  await give(cookie, { coins: 20_000, message: evil("pesan"), fighter_id: fighter });
  await give(cookie, { coins: 15_000, fighter_id: fighter });
  const says = (at, text) => pages[at].page.waitForFunction((wanted) => document.body.innerText.toLowerCase().includes(wanted.toLowerCase()), text);
  for (const text of [evil("acara"), evil("merah"), evil("target"), evil("soal"), evil("pesan"), name]) await says(0, text);
  for (const text of [evil("acara"), evil("biru")]) await says(1, text);
  await says(2, evil("pesan"));
  await says(3, name);
  await says(4, evil("target"));
  for (const { code, status } of (await json("polls")).polls) if (status === "open" && code !== "evil") await night.run("poll", "close", SLUG, code);
  await says(5, evil("soal"));
  await says(6, name);
  for (const [at, { page, complaints }] of pages.entries()) {
    assert.equal(await page.locator("img[src=x], img[src=q], [onerror], body script:not([src]):not([type='application/json'])").count(), 0, `page ${at}`);
    assert.deepEqual(complaints, [], `page ${at}`);
    await shot(page, `typed-${at}`);
    // The broadcast's pages have a frame of their own.
    if (at < 2) await fits(page, `typed-fits-${at}`);
  }
  assert.deepEqual(dialogs, []);
  for (const each of pages) await each.close();
});

for (const [name, query, thanks, voted, short] of [["id", "", "Terkirim", "Suaramu tercatat", "Saldo koin tidak cukup"], ["en", "?lang=en", "Sent", "Your votes are in", "Not enough coins"]]) {
  test(`without a script in ${name}: coins and votes are given by forms, once, and a refusal takes nothing`, async () => {
    await apply(poll(`plain-${name}`, `Tanpa skrip ${name}?`));
    const giver = await newcomer(night, browser, 100);
    const { page, close } = await giver.device({ ...PHONE, javaScriptEnabled: false });
    await page.goto(`${night.url}/watch/${SLUG}${query}`);
    const said = `tanpa skrip <b>${name}</b>`;
    assert.equal(await page.locator("html").evaluate((at) => at.scrollWidth - at.clientWidth), 0, "nothing is wider than the phone");
    await page.fill(".support-plain textarea", said);
    await page.fill(".support-plain [name=coins]", "60");
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/plain-${name}.png`, fullPage: true });
    const again = await page.locator(".support-plain").evaluate((form) => [form.action, new URLSearchParams(new FormData(form)).toString()]);
    await page.click(".support-plain button");
    await page.waitForURL(/told=given/);
    assert.match(await page.innerText("#told"), new RegExp(thanks));
    assert.equal(await giver.coins(), 40);
    assert.ok((await json("superchats")).items.some(({ message }) => message === said));
    // The same form once more takes nothing more; another session's is not taken at all.
    const send = (cookie) => fetch(again[0], { method: "POST", redirect: "manual", headers: { cookie, "content-type": "application/x-www-form-urlencoded" }, body: again[1] });
    const { value } = (await page.context().cookies()).find(({ name: key }) => key === "bh_session");
    assert.equal((await send(`bh_session=${value}`)).status, 303);
    assert.equal((await send((await newcomer(night, browser, 100)).cookie)).status, 403);
    assert.equal(await giver.coins(), 40);
    const card = page.locator(".poll-card", { hasText: `Tanpa skrip ${name}?` });
    await card.locator("[name=votes]").fill("3");
    await card.locator(".poll-plain button").click();
    await page.waitForURL(/told=voted/);
    assert.match(await page.innerText("#told"), new RegExp(voted));
    assert.equal(await giver.coins(), 37);
    const { options } = (await json("polls")).polls.find(({ code }) => code === `plain-${name}`);
    assert.deepEqual(options.map(({ votes }) => votes), [3, 0]);
    await page.fill(".support-plain [name=coins]", "50");
    await page.click(".support-plain button");
    await page.waitForURL(/told=short/);
    assert.match(await page.innerText("#told"), new RegExp(short));
    assert.equal(await giver.coins(), 37);
    await close();
  });
}
