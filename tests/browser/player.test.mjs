// The player against a real picture: camera → door → encoder → store → Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { SLUG, startNight, until } from "./server.mjs";

let night;
let browser;
let camera;
before(async () => {
  night = await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

const player = (page) =>
  page.evaluate(() => {
    const root = document.getElementById("player");
    const video = root.querySelector("video");
    return { ...root.dataset, edge: root.hasAttribute("data-edge"), time: video.currentTime, paused: video.paused };
  });
const inState = (page, state, timeout = 30_000) =>
  page.waitForFunction((wanted) => document.getElementById("player").dataset.state === wanted, state, { timeout });
const moved = (page, seconds) =>
  page.evaluate(() => document.querySelector("#player video").currentTime).then((from) =>
    page.waitForFunction(([at, by]) => document.querySelector("#player video").currentTime > at + by, [from, seconds], {
      timeout: 20_000,
    }),
  );
/** A page is never reloaded: a mark set on its window stays. */
const mark = (page) => page.evaluate(() => { window.sameLoad = true; });
const marked = (page) => page.evaluate(() => window.sameLoad === true);

let watch;
test("before the start it says so and counts down, and the picture comes by itself", async () => {
  watch = await open(browser, DESK);
  await watch.page.goto(`${night.url}/watch/${SLUG}`);
  await mark(watch.page);
  await inState(watch.page, "soon");
  assert.ok(await watch.page.getByText("Siaran belum dimulai").isVisible());
  assert.match(await watch.page.locator(".player .countdown").innerText(), /\d\d/);
  camera = night.publish();
  await inState(watch.page, "playing", 60_000);
  await moved(watch.page, 3);
  assert.ok(await marked(watch.page));
});

test("currentTime keeps pace with the wall", async () => {
  const from = await player(watch.page);
  const began = Date.now();
  await moved(watch.page, 10);
  const to = await player(watch.page);
  const wall = (Date.now() - began) / 1_000;
  assert.ok(Math.abs(to.time - from.time - wall) < wall * 0.12, `${to.time - from.time} s in ${wall} s`);
  assert.ok(Number(to.latency) < 12, `${to.latency} s behind`);
});

test("a chosen quality is on screen, and the choice can be given back", async () => {
  const { page } = watch;
  await page.hover("#player");
  await page.click("[data-quality-button]");
  await page.getByRole("menuitemradio", { name: "360p" }).click();
  await page.waitForFunction(() => document.getElementById("player").dataset.level === "360", null, { timeout: 20_000 });
  await moved(page, 2);
  await page.hover("#player");
  await page.click("[data-quality-button]");
  await page.getByRole("menuitemradio", { name: /Otomatis/ }).click();
  await moved(page, 2);
});

test("rewinding goes into the recording and go-live comes back to the edge", async () => {
  const { page } = watch;
  await page.keyboard.press("0");
  await page.waitForFunction(() => {
    const root = document.getElementById("player");
    const video = root.querySelector("video");
    return root.dataset.mode === "dvr" && root.dataset.state === "playing" && video.currentTime < 8 && video.currentTime > 0.5;
  }, null, { timeout: 20_000 });
  assert.equal((await player(page)).edge, false);
  await page.hover("#player");
  await page.click("[data-go-live]");
  await page.waitForFunction(() => document.getElementById("player").hasAttribute("data-edge"), null, { timeout: 20_000 });
  assert.equal((await player(page)).mode, "live");
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.getElementById("player").dataset.mode === "dvr" && Number(document.getElementById("player").dataset.latency) > 9, null, { timeout: 20_000 });
  await page.keyboard.press("l");
  await page.waitForFunction(() => document.getElementById("player").hasAttribute("data-edge"), null, { timeout: 20_000 });
});

test("where starting by itself is refused, only the master playlist is fetched until play is pressed", async () => {
  const phone = await open(browser, PHONE, () => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
      return navigator.userActivation.hasBeenActive ? play.call(this) : Promise.reject(new DOMException("no", "NotAllowedError"));
    };
  });
  const media = [];
  phone.page.on("request", (request) => request.url().includes("/media/") && media.push(request.url()));
  await phone.page.goto(`${night.url}/watch/${SLUG}`);
  await inState(phone.page, "ready");
  assert.ok(media.every((url) => url.endsWith(".m3u8")), media.join("\n"));
  await phone.page.tap("[data-big-play]");
  await inState(phone.page, "playing");
  await phone.close();
});

test("a camera killed and back is said, and play goes on without a reload", async () => {
  const { page } = watch;
  await camera.kill();
  await inState(page, "interrupted", 40_000);
  assert.ok(await page.getByText("Siaran terputus, mencoba menyambung…").isVisible());
  camera = night.publish();
  await inState(page, "playing", 60_000);
  await moved(page, 5);
  assert.ok(await marked(page));
});

test("the end is said, and the recording can be watched", async () => {
  const { page } = watch;
  await night.run("event", "end", SLUG);
  await camera.kill();
  await inState(page, "ended", 60_000);
  assert.ok(await page.getByText("Siaran selesai").isVisible());
  await page.click("[data-replay]");
  await inState(page, "playing");
  await moved(page, 2);
  assert.equal((await player(page)).mode, "replay");
  assert.ok(await marked(page));
  await until("the API says ended", async () => (await night.state()).status === "ended");
  await watch.close();
});
