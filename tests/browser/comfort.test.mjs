// The comforts: whether anybody still watches, saving data, what is remembered, the system's controls.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { fits, inState, mark, marked, moved } from "./people.mjs";
import { SLUG, startNight } from "./server.mjs";

if (process.env.SHOTS) await mkdir(process.env.SHOTS, { recursive: true });

let night;
let browser;
before(async () => {
  night = await startNight();
  browser = await launch();
  night.publish();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

const MINUTE = 60_000;
const watching = async (size, { query = "", clock = false, prepare } = {}) => {
  const opened = await open(browser, size, prepare);
  if (clock) await opened.page.clock.install();
  await opened.page.goto(`${night.url}/watch/${SLUG}${query}`);
  await inState(opened.page, "playing", 60_000);
  await moved(opened.page, 1);
  await mark(opened.page);
  return opened;
};
const asked = (page) => page.locator("[data-resting]").isVisible();
const video = (page) => page.evaluate(() => {
  const { paused, currentTime } = document.querySelector("#player video");
  return { paused, currentTime };
});
/** Media fetched from now on. */
const fetched = (page) => {
  const urls = [];
  page.on("request", (request) => request.url().includes("/media/") && urls.push(request.url()));
  return urls;
};
/** Out of sight or back, as a tab that is put away; `elsewhere`: the picture stands in a window of its own. */
const sight = (page, hidden, elsewhere = false) =>
  page.evaluate(([gone, away]) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => gone });
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (gone ? "hidden" : "visible") });
    Object.defineProperty(document, "pictureInPictureElement", {
      configurable: true,
      get: () => (away ? document.querySelector("#player video") : null),
    });
    document.dispatchEvent(new Event("visibilitychange"));
  }, [hidden, elsewhere]);
const level = (page) => page.evaluate(() => Number(document.getElementById("player").dataset.level));

for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
  for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
    test(`${name} in ${language}: after 45 minutes without a sign it asks, rests, and goes on at the edge`, async () => {
      const { page, complaints, close } = await watching(size, { query, clock: true });
      await page.clock.fastForward(44 * MINUTE);
      assert.equal(await asked(page), false);
      await page.clock.fastForward(1 * MINUTE + 6_000);
      await page.waitForSelector("[data-resting]:not([hidden])");
      assert.equal((await video(page)).paused, true);
      await fits(page, `${name}-${language}-resting`);
      const urls = fetched(page);
      await page.clock.runFor(10_000);
      assert.deepEqual(urls, []);
      // The question has the focus: one key answers.
      assert.ok(await page.evaluate(() => document.activeElement.matches("[data-go-on]")));
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.getElementById("player").hasAttribute("data-edge"), null, { timeout: 30_000 });
      await moved(page, 2);
      assert.equal(await asked(page), false);
      assert.ok(await marked(page));
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

test("whoever moves is not asked", async () => {
  const { page, close } = await watching(DESK, { clock: true });
  await page.clock.fastForward(44 * MINUTE);
  await page.mouse.move(300, 300);
  await page.mouse.move(320, 300);
  await page.clock.fastForward(2 * MINUTE);
  assert.equal(await asked(page), false);
  await page.clock.fastForward(44 * MINUTE);
  await page.waitForSelector("[data-resting]:not([hidden])");
  await close();
});

test("two minutes out of sight rest it, unless the picture is elsewhere", async () => {
  const { page, close } = await watching(DESK, { clock: true });
  await sight(page, true, true);
  await page.clock.fastForward(3 * MINUTE);
  await page.clock.runFor(6_000);
  assert.equal(await asked(page), false);
  await sight(page, false);
  await sight(page, true);
  await page.clock.fastForward(2 * MINUTE);
  await page.clock.runFor(6_000);
  await page.waitForSelector("[data-resting]:not([hidden])");
  assert.equal((await video(page)).paused, true);
  await sight(page, false);
  await page.click("[data-go-on]");
  await inState(page, "playing");
  await moved(page, 2);
  await close();
});

test("who has rewound comes back to the same place", async () => {
  const { page, close } = await watching(DESK, { clock: true });
  await page.keyboard.press("0");
  await page.waitForFunction(() => {
    const { mode, state } = document.getElementById("player").dataset;
    return mode === "dvr" && state === "playing" && document.querySelector("#player video").currentTime > 1;
  }, null, { timeout: 30_000 });
  await page.clock.fastForward(46 * MINUTE);
  await page.waitForSelector("[data-resting]:not([hidden])");
  const before = await video(page);
  await page.keyboard.press(" ");
  await moved(page, 1);
  const { currentTime } = await video(page);
  assert.ok(currentTime - before.currentTime < 8, `${before.currentTime} → ${currentTime}`);
  assert.equal(await page.evaluate(() => document.getElementById("player").dataset.mode), "dvr");
  await close();
});

const slowLine = () => Object.defineProperty(navigator, "connection", { value: { effectiveType: "3g", addEventListener() {} } });

for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
  for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
    test(`${name} in ${language}: on a slow line saving data is offered in one row, and remembered`, async () => {
      const { page, close } = await watching(size, { query, prepare: slowLine });
      await page.waitForSelector("[data-saver-offer]:not([hidden])");
      const box = await page.locator("[data-saver-offer]").boundingBox();
      await fits(page, `${name}-${language}-saver`);
      assert.ok(box.height < 60, `${box.height} px high`);
      await page.click("[data-saver-yes]");
      assert.equal(await page.locator("[data-saver-offer]").isVisible(), false);
      await page.waitForFunction(() => Number(document.getElementById("player").dataset.level) <= 480, null, { timeout: 30_000 });
      await page.reload();
      await inState(page, "playing");
      await moved(page, 6);
      assert.ok((await level(page)) <= 480, String(await level(page)));
      assert.equal(await page.locator("[data-saver-offer]").isVisible(), false);
      await page.hover("#player");
      await page.click("[data-quality-button]");
      assert.equal(await page.getAttribute("[data-saver]", "aria-checked"), "true");
      await fits(page, `${name}-${language}-quality`);
      await close();
    });
  }
}

test("saving data is switched off in the menu, and the picture grows again", async () => {
  const { page, close } = await watching(DESK, { prepare: () => localStorage.setItem("bakuhantam.picture", '{"saver":"on"}') });
  await moved(page, 4);
  assert.ok((await level(page)) <= 480);
  await page.hover("#player");
  await page.click("[data-quality-button]");
  await page.click("[data-saver]");
  await page.waitForFunction(() => Number(document.getElementById("player").dataset.level) > 480, null, { timeout: 40_000 });
  await close();
});

test("a fast line is offered nothing, and who said no is not asked again", async () => {
  const fast = await watching(DESK);
  await moved(fast.page, 14);
  assert.equal(await fast.page.locator("[data-saver-offer]").isVisible(), false);
  await fast.close();
  const { page, close } = await watching(PHONE, { prepare: slowLine });
  await page.click("[data-saver-no]");
  await page.reload();
  await inState(page, "playing");
  await moved(page, 2);
  assert.equal(await page.locator("[data-saver-offer]").isVisible(), false);
  await close();
});

test("volume and quality are what they were the last time", async () => {
  const { page, close } = await watching(DESK);
  await page.hover("#player");
  await page.click("[data-quality-button]");
  await page.getByRole("menuitemradio", { name: "360p", exact: true }).click();
  await page.evaluate(() => { document.querySelector("#player video").volume = 0.3; });
  await page.waitForFunction(() => localStorage.getItem("bakuhantam.sound")?.includes("0.3"));
  await page.reload();
  await inState(page, "playing");
  await page.waitForFunction(() => document.getElementById("player").dataset.level === "360", null, { timeout: 20_000 });
  assert.equal(await page.evaluate(() => document.querySelector("#player video").volume), 0.3);
  assert.equal(await page.innerText("[data-quality-word]"), "360p");
  await close();
});

test("the system is told what plays", async () => {
  const { page, close } = await watching(DESK);
  const told = await page.evaluate(() => {
    const { title, artwork } = navigator.mediaSession.metadata;
    return { title, artwork: artwork.map(({ sizes, src }) => [sizes, src.slice(0, 15)]) };
  });
  assert.equal(told.title, "Island Fight");
  assert.deepEqual(told.artwork, [["512x512", "data:image/png;"]]);
  await close();
});

test("AirPlay: a receiver is offered the playlist, nothing is fetched while it plays, and the picture comes back", async () => {
  // As Safari has it: a managed media source, and the announcement of receivers.
  const { page, complaints, close } = await watching(DESK, { prepare: () => {
    window.ManagedMediaSource = class ManagedMediaSource extends MediaSource {};
    window.WebKitPlaybackTargetAvailabilityEvent = class extends Event {};
  } });
  const sources = () => page.evaluate(() => {
    const here = document.querySelector("#player video");
    return { types: [...here.querySelectorAll("source")].map(({ type }) => type), last: here.querySelector("source:last-of-type")?.src, refused: here.disableRemotePlayback };
  });
  const offered = await sources();
  assert.deepEqual(offered.types, ["video/mp4", "application/x-mpegURL"]);
  assert.match(offered.last, /\/media\/.*\.m3u8$/);
  assert.equal(offered.refused, false);
  const wireless = (on) => page.evaluate((now) => {
    const here = document.querySelector("#player video");
    here.webkitCurrentPlaybackTargetIsWireless = now;
    here.dispatchEvent(new Event("webkitcurrentplaybacktargetiswirelesschanged"));
  }, on);
  await wireless(true);
  const urls = fetched(page);
  await page.waitForFunction(() => document.querySelector("#player video").readyState < 3, null, { timeout: 30_000 });
  assert.deepEqual(urls, []);
  await wireless(false);
  await page.waitForFunction(() => document.getElementById("player").hasAttribute("data-edge"), null, { timeout: 30_000 });
  await moved(page, 2);
  assert.ok(urls.length > 0);
  assert.deepEqual((await sources()).types, ["video/mp4", "application/x-mpegURL"]);
  assert.ok(await marked(page));
  assert.deepEqual(complaints, []);
  await close();
});
