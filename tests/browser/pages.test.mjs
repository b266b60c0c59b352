// The pages as people get them: both languages, both sizes, budgets, accessibility.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { SLUG, startNight } from "./server.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = ["/", `/events/${SLUG}`, `/watch/${SLUG}`, "/privacy", "/terms"];

let night;
let browser;
before(async () => {
  night = process.env.BAKUHANTAM_URL ? { url: process.env.BAKUHANTAM_URL, stop() {} } : await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
  for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
    describe(`${name} in ${language}`, () => {
      for (const path of PAGES) {
        test(`${path} renders without complaint, shift or overflow`, async () => {
          const { page, complaints, close } = await open(browser, size);
          await page.goto(night.url + path + query, { waitUntil: "load" });
          await page.evaluate(() => document.fonts.ready);
          await page.waitForFunction(() => document.readyState === "complete");
          assert.equal(await page.getAttribute("html", "lang"), language);
          assert.equal(await page.locator("h1").count(), 1);
          const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(spill <= 0, `${spill} px wider than the window`);
          assert.ok((await page.evaluate(() => window.shifted)) < 0.02);
          assert.deepEqual(complaints, []);
          await close();
        });

        test(`${path} has no serious accessibility violation`, async () => {
          const { page, close } = await open(browser, size);
          await page.goto(night.url + path + query);
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
          const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
          assert.deepEqual(
            serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
            [],
          );
          await close();
        });
      }
    });
  }
}

test("one tap changes the language and stays on the page", async () => {
  const { page, close } = await open(browser, PHONE);
  await page.goto(`${night.url}/events/${SLUG}`);
  await page.tap(".language-switch");
  await page.waitForURL(`**/events/${SLUG}?lang=en`);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.tap(".wordmark");
  await page.waitForURL("**/?lang=en");
  await close();
});

test("the keyboard reaches skip link, navigation and every action in order", async () => {
  const { page, close } = await open(browser, DESK);
  await page.goto(`${night.url}/`);
  const reached = [];
  for (let at = 0; at < 8; at += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement?.className || document.activeElement?.tagName));
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(ring, "none", String(reached.at(-1)));
  }
  assert.equal(reached[0], "skip-link");
  assert.ok(reached.includes("button button-hot"), reached.join(", "));
  await close();
});

test("pages say the date without scripts", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, ...PHONE });
  const page = await context.newPage();
  await page.goto(`${night.url}/events/${SLUG}`);
  assert.match(await page.locator(".event-date").innerText(), /\d{4} pukul \d{2}\.\d{2} WIB/);
  assert.equal(await page.locator(".countdown").isVisible(), false);
  await page.goto(`${night.url}/watch/${SLUG}`);
  // The browser is driven with scripts off, but parses as with scripts on: the words are looked for, not seen.
  assert.match(await page.content(), /<noscript><p>Video memerlukan JavaScript/);
  await context.close();
});

test("the watch page keeps its budget of bytes and requests", async () => {
  const { page, close } = await open(browser, PHONE);
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const loads = new Map();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => loads.set(requestId, { url: request.url, bytes: 0 }));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (loads.has(requestId)) loads.get(requestId).bytes = encodedDataLength;
  });
  session.on("Network.webSocketCreated", ({ requestId, url }) => loads.set(requestId, { url, bytes: 0 }));
  await page.goto(`${night.url}/watch/${SLUG}`, { waitUntil: "networkidle" });
  const all = [...loads.values()].filter(({ url }) => !/\/media\//.test(url));
  const bytes = all.reduce((sum, load) => sum + load.bytes, 0);
  const report = all.map(({ url, bytes }) => `${new URL(url).pathname} ${bytes}`).join("\n");
  assert.ok(all.length <= 6, report);
  assert.ok(bytes <= 250_000, report);
  console.log(`# watch page: ${bytes} bytes in ${all.length} requests`);
  await close();
});

test("what is not there is not found, in the same style", async () => {
  const { page, close } = await open(browser, PHONE);
  for (const path of ["/events/secret-night", "/watch/nothing", "/nothing"]) {
    const answer = await page.goto(night.url + path);
    assert.equal(answer.status(), 404, path);
    assert.ok(await page.locator(".problem h1").isVisible());
  }
  await close();
});
