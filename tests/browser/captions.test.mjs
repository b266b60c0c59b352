// Captions that come with the camera's picture, through the encoder and the store to the viewer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { makeCaptioned } from "./captions.mjs";
import { fits, inState, moved } from "./people.mjs";
import { SLUG, startNight } from "./server.mjs";

let night;
let browser;
before(async () => {
  night = await startNight();
  browser = await launch();
  night.publish({ picture: await makeCaptioned(["BAKU HANTAM", "RONDE DUA"]) });
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

/** The captions on screen now. */
const shown = (page) => page.evaluate(() => {
  const tracks = [...document.querySelector("#player video").textTracks].filter(({ mode }) => mode === "showing");
  return tracks.flatMap(({ activeCues }) => [...(activeCues ?? [])].map(({ text }) => text.trim()));
});
const says = (page, line) => page.waitForFunction((wanted) =>
  [...document.querySelector("#player video").textTracks].some(({ mode, activeCues }) =>
    mode === "showing" && [...(activeCues ?? [])].some(({ text }) => text.includes(wanted))), line, { timeout: 30_000 });

for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
  test(`${name}: captions of the camera are offered, shown when asked for, and go again`, async () => {
    const { page, complaints, close } = await open(browser, size);
    await page.goto(`${night.url}/watch/${SLUG}`);
    await inState(page, "playing", 60_000);
    await moved(page, 1);
    const button = page.locator("media-captions-button");
    await button.waitFor({ state: "visible", timeout: 30_000 });
    assert.deepEqual(await shown(page), []);
    await page.keyboard.press("c");
    await says(page, "BAKU HANTAM");
    await says(page, "RONDE DUA");
    await fits(page, `${name}-captions`);
    await page.keyboard.press("c");
    await page.waitForFunction(() => [...document.querySelector("#player video").textTracks].every(({ mode }) => mode !== "showing"));
    assert.deepEqual(complaints, []);
    await close();
  });
}
