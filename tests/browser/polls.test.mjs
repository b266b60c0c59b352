// Votes for coins on the watch page: two browsers, one night, no reload.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { fits, mark, marked, newcomer } from "./people.mjs";
import { SLUG, startNight, until } from "./server.mjs";

if (process.env.SHOTS) await mkdir(process.env.SHOTS, { recursive: true });

let night;
let browser;
let made = 0;
before(async () => {
  night = await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

/** A poll of its own for a test: its code, and where its card is. */
async function poll({ status = "open", options = ["Ari", "Budi", "Seri"], price = 5, most = 10, question = "Siapa menang malam ini?" } = {}) {
  made += 1;
  const code = `poll-${made}`;
  const folder = await mkdtemp(join(tmpdir(), "bakuhantam-poll-"));
  const file = join(folder, "poll.toml");
  await writeFile(
    file,
    `[[events]]\nslug = "${SLUG}"\n[[events.polls]]\ncode = "${code}"\nquestion = "${question}"\noptions = ${JSON.stringify(options)}\n` +
      `coins_per_vote = ${price}\nmax_votes_per_viewer = ${most}\nstatus = "${status}"\n`,
  );
  await night.run("apply", file);
  await rm(folder, { recursive: true });
  if (status === "draft") return { code };
  const found = await until("the poll is told", async () => (await polls()).find((one) => one.code === code));
  return { code, id: found.id, card: `[data-poll="${found.id}"]` };
}

const polls = async () => (await (await fetch(`${night.url}/api/v1/events/${SLUG}/polls`)).json()).polls;
const address = (query = "") => `${night.url}/watch/${SLUG}${query}`;
const says = (page, place, words) =>
  page.waitForFunction(([at, text]) => document.querySelector(at)?.textContent.includes(text), [place, words], { timeout: 15_000 });
const shares = (page, card) => page.$$eval(`${card} [data-percent]`, (all) => all.map((one) => one.textContent));
/** A page at a card, whose script has seen it. */
async function at(opened, { card }, query = "") {
  await opened.page.goto(address(query));
  await opened.page.waitForSelector(`${card} [data-poll-vote]:not([hidden]), ${card} [data-poll-login]:not([hidden])`);
  await opened.page.locator(card).scrollIntoViewIfNeeded();
  await mark(opened.page);
  return opened;
}

const WORDS = {
  id: { cost: "15 koin", left: "sisa 10 suara", balance: "Saldo 1.100 koin", send: "Beri suara · 15 koin", sure: "3 suara untuk Budi seharga 15 koin?", sent: "3 suara untuk Budi tercatat.", after: "sisa 7 suara", open: "Dibuka", closed: "Ditutup", settled: "Selesai", right: "Jawaban benar" },
  en: { cost: "15 coins", left: "10 votes left", balance: "Balance 1,100 coins", send: "Vote · 15 coins", sure: "3 votes for Budi for 15 coins?", sent: "3 votes for Budi are in.", after: "7 votes left", open: "Open", closed: "Closed", settled: "Settled", right: "Right answer" },
};

for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
  for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
    describe(`${name} in ${language}`, () => {
      const words = WORDS[language];

      test("a vote costs what it says, and everybody sees it; then it closes, and is settled", async () => {
        const one = await poll();
        const { card } = one;
        const [ari, budi] = [await newcomer(night, browser, 1_100), await newcomer(night, browser, 0)];
        const mine = await at(await ari.device(size), one, query);
        const theirs = await at(await budi.device(size), one, query);
        const { page } = mine;
        assert.equal(await page.innerText(`${card} [data-poll-state]`), words.open);
        assert.deepEqual(await shares(page, card), ["0%", "0%", "0%"]);
        assert.equal(await page.innerText(`${card} [data-poll-left]`), words.left);
        assert.equal(await page.innerText(`${card} [data-poll-balance]`), words.balance);
        await page.check(`${card} .poll-option:nth-child(2) input`);
        await page.click(`${card} [data-poll-more]`);
        await page.click(`${card} [data-poll-more]`);
        assert.equal(await page.innerText(`${card} [data-poll-price]`), words.cost);
        assert.equal((await page.textContent(`${card} [data-poll-send]`)).trim(), words.send);
        await fits(page, `${name}-${language}-1-chosen`);
        await page.click(`${card} [data-poll-send]`);
        await says(page, `${card} [data-poll-question-sure]`, words.sure);
        await fits(page, `${name}-${language}-2-sure`);
        assert.equal(await ari.coins(), 1_100, "nothing is taken before the second press");
        const pressed = Date.now();
        await page.click(`${card} [data-poll-yes]`);
        await theirs.page.waitForFunction((at) => document.querySelector(at).textContent === "100%", `${card} .poll-option:nth-child(2) [data-percent]`);
        const seen = Date.now() - pressed;
        await says(page, `${card} [data-poll-said]`, words.sent);
        await says(page, `${card} [data-poll-left]`, words.after);
        assert.equal(await ari.coins(), 1_085);
        assert.equal(await page.locator(".site-head .coin-balance").evaluate((at) => at.lastChild.textContent), language === "id" ? "1.085" : "1,085");
        console.log(`# ${name} ${language}: a vote was seen by another after ${seen} ms`);
        assert.ok(seen < 3_000, String(seen));
        await until("the shares are drawn", async () => (await shares(page, card))[1] === "100%");
        // Another voter, another answer: both pages move.
        await budi.grant(30);
        await theirs.page.evaluate(() => dispatchEvent(new Event("focus")));
        await theirs.page.check(`${card} .poll-option:nth-child(1) input`);
        await theirs.page.waitForSelector(`${card} [data-poll-send]:not([hidden])`);
        await theirs.page.click(`${card} [data-poll-send]`);
        await theirs.page.click(`${card} [data-poll-yes]`);
        await until("25 and 75", async () => (await shares(page, card)).join() === "25%,75%,0%");
        await until("there too", async () => (await shares(theirs.page, card)).join() === "25%,75%,0%");
        assert.equal(await theirs.page.locator(`${card} [data-bar]`).nth(1).getAttribute("width"), "75%");
        await page.waitForTimeout(700);
        await fits(page, `${name}-${language}-3-voted`);
        await night.run("poll", "close", SLUG, one.code);
        await says(page, `${card} [data-poll-state]`, words.closed);
        assert.equal(await page.locator(`${card} [data-poll-vote]`).isVisible(), false);
        await fits(page, `${name}-${language}-4-closed`);
        await night.run("poll", "settle", SLUG, one.code, "--winner", "Ari");
        await says(page, `${card} [data-poll-state]`, words.settled);
        await says(page, `${card} .poll-option[data-winner] [data-mark]`, words.right);
        assert.match(await page.innerText(`${card} .poll-option[data-winner]`), /ari/i);
        await fits(page, `${name}-${language}-5-settled`);
        assert.ok((await marked(page)) && (await marked(theirs.page)), "no page was loaded again");
        assert.deepEqual(mine.complaints, []);
        // A page that is loaded now says the same without a script.
        const plain = await (await fetch(address(query))).text();
        assert.ok(plain.includes(words.right) && plain.includes('width="75%"'));
        await mine.close();
        await theirs.close();
      });

      test("without the coins the card leads to them, and signed out to signing in", async () => {
        const one = await poll();
        const poor = await newcomer(night, browser, 3);
        const { page, close } = await at(await poor.device(size), one, query);
        await page.waitForSelector(`${one.card} [data-poll-topup]:not([hidden])`);
        assert.equal(await page.locator(`${one.card} [data-poll-send]`).isVisible(), false);
        await fits(page, `${name}-${language}-6-short`);
        assert.match(await page.getAttribute(`${one.card} [data-poll-topup]`, "href"), /^\/coins\?next=/);
        await close();
        const stranger = await at(await open(browser, size), one, query);
        assert.equal(await stranger.page.locator(`${one.card} [data-poll-vote]`).isVisible(), false);
        await fits(stranger.page, `${name}-${language}-7-signed-out`);
        await stranger.page.click(`${one.card} [data-poll-login] a`);
        await stranger.page.waitForURL("**/login?next=*");
        await stranger.close();
        await night.run("poll", "close", SLUG, one.code);
      });
    });
  }
}

test("by the keyboard alone, and as often as the maximum allows", async () => {
  const one = await poll({ most: 3, price: 1 });
  const ari = await newcomer(night, browser, 50);
  const { page, close } = await at(await ari.device(DESK), one);
  const { card } = one;
  await page.focus(`${card} .poll-option:nth-child(1) input`);
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.isChecked(`${card} .poll-option:nth-child(2) input`), true);
  await page.focus(`${card} [data-poll-number]`);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("9");
  assert.equal(await page.inputValue(`${card} [data-poll-number]`), "3", "no more than the maximum");
  await page.focus(`${card} [data-poll-send]`);
  await page.keyboard.press("Enter");
  await page.waitForFunction((at) => document.activeElement?.matches(at), `${card} [data-poll-yes]`);
  await page.keyboard.press("Escape");
  await page.waitForFunction((at) => document.activeElement?.matches(at), `${card} [data-poll-send]`);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await says(page, `${card} [data-poll-said]`, "3 suara untuk Budi tercatat.");
  assert.equal(await page.locator(`${card} [data-poll-vote]`).isVisible(), false, "all votes are used");
  await page.waitForFunction((at) => document.activeElement?.matches(at), `${card} [data-poll-question]`);
  assert.equal(await ari.coins(), 47);
  await close();
});

test("a poll that opens later appears, and an operator's words are text", async () => {
  const ari = await newcomer(night, browser, 50);
  const other = await poll();
  const { page, complaints, close } = await at(await ari.device(PHONE), other);
  const one = await poll({ status: "draft", question: "<b>Ronde & <script>alert(1)</script> berapa?", options: ["<i>1</i>", "Dua"] });
  assert.ok(!(await polls()).some(({ code }) => code === one.code));
  await night.run("poll", "open", SLUG, one.code);
  const { id } = await until("the poll is told", async () => (await polls()).find(({ code }) => code === one.code));
  const card = `[data-poll="${id}"]`;
  await says(page, `${card} [data-poll-question]`, "<b>Ronde & <script>alert(1)</script> berapa?");
  assert.equal(await page.locator(".poll-card :is(b b, i, script)").count(), 0);
  await page.check(`${card} .poll-option:nth-child(1) input`);
  await page.click(`${card} [data-poll-send]`);
  await page.click(`${card} [data-poll-yes]`);
  await says(page, `${card} [data-poll-said]`, "1 suara untuk <i>1</i> tercatat.");
  await fits(page, "phone-8-new-poll");
  assert.ok(await marked(page));
  assert.deepEqual(complaints, []);
  await close();
});
