// The watch page in Firefox and in WebKit, as Safari is, both by hls.js and by the browser's own player.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { Parts, STREAM_KEY, publish, s3Section, shot, sleep, startCdn, startServer, startStore, until, untilCaughtUp, untilLive } from './parts.mjs';
import { startWebKit } from './webdriver.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
let parts;
let server;
let master;
before(async () => {
  parts = new Parts();
  const store = await startStore(parts);
  const cdn = await startCdn(parts, store);
  server = await startServer(parts, { objects: s3Section(store, cdn.origin, cdn.url) });
  publish(parts, `${server.rtmp}/${STREAM_KEY}`);
  ({ master } = await untilLive(server));
});
after(() => parts?.end());

/** Runs in the page. */
const facts = () => {
  const root = document.getElementById('player');
  const video = root.querySelector('video');
  return { ...root.dataset, time: video ? video.currentTime : 0, height: video ? video.videoHeight : 0, rate: video ? video.playbackRate : 0, now: performance.now(), agent: navigator.userAgent };
};

/** Waits for the picture, then for ten seconds of it that kept pace with the wall. */
async function plays(ask) {
  const seen = [];
  const begun = Date.now();
  await until('the picture moves', 60_000, async () => {
    const now = await ask();
    if (seen.at(-1) !== now.state) seen.push(now.state);
    return now.state === 'playing' && now.time > 2;
  }).catch((error) => { throw new Error(`${error.message}: ${seen.join(', ')}`); });
  const first = await untilCaughtUp(ask);
  const caughtUp = `${((Date.now() - begun) / 1_000).toFixed(1)} s`;
  await sleep(10_500);
  const last = await ask();
  const [wall, played] = [(last.now - first.now) / 1_000, last.time - first.time];
  assert.ok(played >= 10 && Math.abs(played - wall) < wall * 0.05, `played ${played} s in ${wall} s`);
  assert.equal(last.state, 'playing');
  return { caughtUpAfter: caughtUp, wall: wall.toFixed(2), played: played.toFixed(2), height: last.height, latency: last.latency, states: seen, agent: last.agent };
}

test('Firefox plays', { timeout: 180_000 }, async () => {
  const home = mkdtempSync(join(parts.folder, 'firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox', headless: true, executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', env: { ...process.env, HOME: home },
    extraPrefsFirefox: { 'media.autoplay.default': 0 },
  });
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
    await page.setViewport({ width: 1440, height: 900 });
    await page.goto(`${server.url}/watch/${server.slug}`);
    say('Firefox', await plays(() => page.evaluate(facts)));
    await page.screenshot({ path: shot(parts, 'firefox') });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

test('WebKit plays, by hls.js and by itself', { timeout: 240_000 }, async () => {
  const webkit = await startWebKit(parts, existsSync);
  await webkit.goto(`${server.url}/watch/${server.slug}`);
  const ask = () => webkit.run(String(facts));
  // Where the browser wants a press first, it gets one.
  await until('the player is ready', 60_000, async () => ['ready', 'playing'].includes((await ask()).state));
  if ((await ask()).state === 'ready') await webkit.run("() => document.querySelector('[data-big-play]').click()");
  say('WebKit', { version: webkit.capabilities.browserVersion, ...await plays(ask) });
  writeFileSync(shot(parts, 'webkit'), await webkit.shot());

  const played = await webkit.run(String((address) => {
    document.getElementById('player').remove();
    const video = document.createElement('video');
    Object.assign(video, { id: 'native', muted: true, src: address });
    document.body.append(video);
    video.play().catch((error) => { window.refused = String(error); });
    return video.canPlayType('application/vnd.apple.mpegurl');
  }), master);
  const own = () => webkit.run("() => { const video = document.getElementById('native'); return { time: video.currentTime, height: video.videoHeight, error: video.error && video.error.message, refused: window.refused, now: performance.now() }; }");
  assert.notEqual(played, '');
  const first = await until('its own player moves', 60_000, async () => { const now = await own(); return now.time > 1 ? now : undefined; })
    .catch(async (error) => { throw new Error(`${error.message}: ${JSON.stringify(await own())}`); });
  await until('ten seconds by its own player', 40_000, async () => (await own()).time > first.time + 10);
  say('WebKit by itself', await own());
  await webkit.close();
});
