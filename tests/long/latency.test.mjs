// How soon the picture comes and how far it is behind the camera, read off a clock in the picture itself; beside
// hls.js as it comes, in the same run. Then the same over a narrow link.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DESK, PHONE, launch } from '../browser/browser.mjs';
import { behindTheCamera, clockFilter } from './clock.mjs';
import { Parts, STREAM_KEY, publish, root, s3Section, sleep, startCdn, startNarrowLink, startServer, startStore, until, untilLive } from './parts.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
const SECONDS = Number(process.env.LATENCY_SECONDS ?? 600);
const base = Date.now();
let parts;
let server;
let cdn;
let browser;
let master;
before(async () => {
  parts = new Parts();
  const store = await startStore(parts);
  cdn = await startCdn(parts, store);
  server = await startServer(parts, { objects: s3Section(store, cdn.origin, cdn.url) });
  publish(parts, `${server.rtmp}/${STREAM_KEY}`, { filter: clockFilter(base) });
  ({ master } = await untilLive(server));
  await sleep(20_000);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await parts?.end();
});

const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const inSeconds = (ms) => Number((ms / 1_000).toFixed(2));

/** Notes the video's stalls from its first frame on, in seconds. */
const noteStalls = (selector) => {
  const video = document.querySelector(selector);
  window.stalls = [];
  const began = performance.now();
  video.addEventListener('waiting', () => { if (video.currentTime > 0) window.stalls.push(Number(((performance.now() - began) / 1_000).toFixed(1))); });
};

/** Opens the page where play must be pressed, presses, and gives the time to the first frame. */
async function press(origin, size) {
  const context = await browser.newContext(size);
  const page = await context.newPage();
  await page.addInitScript(() => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
      return navigator.userActivation.hasBeenActive ? play.call(this) : Promise.reject(new DOMException('no', 'NotAllowedError'));
    };
  });
  const asked = [];
  page.on('request', (request) => request.url().includes('/media/') && asked.push(request.url()));
  await page.goto(`${origin}/watch/${server.slug}`);
  await page.waitForFunction(() => document.getElementById('player').dataset.state === 'ready', null, { timeout: 60_000 });
  await sleep(3_000);
  assert.ok(asked.length > 0 && asked.every((url) => url.endsWith('.m3u8')), `before the press: ${asked.join(' ')}`);
  await page.evaluate(() => {
    const video = document.querySelector('#player video');
    document.querySelector('[data-big-play]').addEventListener('click', () => { window.pressedAt = performance.now(); }, { capture: true, once: true });
    video.requestVideoFrameCallback((now) => { window.firstFrame = now - window.pressedAt; });
  });
  await page.evaluate(noteStalls, '#player video');
  await page.click('[data-big-play]');
  await page.waitForFunction(() => window.firstFrame !== undefined, null, { timeout: 60_000 });
  return { page, context, firstFrameMs: Math.round(await page.evaluate(() => window.firstFrame)) };
}

/** hls.js with nothing set, in a page of its own. */
async function plain() {
  const context = await browser.newContext({ ...DESK, bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${server.url}/health`);
  await page.setContent('<video id="plain" muted></video>');
  await page.addScriptTag({ content: readFileSync(join(root, 'node_modules/hls.js/dist/hls.min.js'), 'utf8') });
  const firstFrame = await page.evaluate((address) => new Promise((done) => {
    const video = document.getElementById('plain');
    const began = performance.now();
    video.requestVideoFrameCallback((now) => done(now - began));
    video.crossOrigin = 'anonymous';
    const hls = new globalThis.Hls();
    hls.on('hlsManifestParsed', () => video.play());
    hls.attachMedia(video);
    hls.loadSource(address);
  }), master);
  await page.evaluate(noteStalls, '#plain');
  return { page, context, firstFrameMs: Math.round(firstFrame) };
}

/** Looks once a second how far behind the camera the picture is. */
async function behind(viewers, seconds) {
  const seen = viewers.map(() => []);
  const until_ = Date.now() + seconds * 1_000;
  while (Date.now() < until_) {
    await sleep(1_000);
    await Promise.all(viewers.map(async ({ page, selector }, at) => {
      const ms = await page.evaluate(behindTheCamera, { selector, base });
      if (ms !== null && Date.now() > until_ - seconds * 1_000 + 10_000) seen[at].push(ms);
    }));
  }
  return Promise.all(viewers.map(async ({ page }, at) => {
    const stalledAt = await page.evaluate(() => window.stalls);
    return {
      middle: inSeconds(middle(seen[at])), least: inSeconds(Math.min(...seen[at])), most: inSeconds(Math.max(...seen[at])),
      stalls: stalledAt.length, stalledAt, looks: seen[at].length,
    };
  }));
}

test('on a warm cache the first frame comes soon, near the camera, and nothing stalls', { timeout: (SECONDS + 180) * 1_000 }, async () => {
  const firsts = [];
  for (let time = 0; time < 4; time += 1) {
    const viewer = await press(server.url, PHONE);
    firsts.push(viewer.firstFrameMs);
    await viewer.context.close();
  }
  const ours = await press(server.url, DESK);
  const theirs = await plain();
  const [own, default_] = await behind([{ ...ours, selector: '#player video' }, { ...theirs, selector: '#plain' }], SECONDS);
  say('first frame after the press, ms', { ours: [...firsts, ours.firstFrameMs], 'hls.js as it comes, from nothing': theirs.firstFrameMs });
  say(`behind the camera over ${SECONDS} s, in seconds`, { ours: own, 'hls.js as it comes': default_ });
  await Promise.all([ours.context.close(), theirs.context.close()]);
  assert.ok(own.looks > SECONDS / 2, 'the clock was read');
  assert.equal(own.stalls, 0, 'stalls');
});

test('over 1.5 Mbit/s with 200 ms a rung that plays through comes soon', { timeout: 300_000 }, async () => {
  const page = await startNarrowLink(parts, server.port, { kbps: 1_500, delayMs: 200 });
  const media = await startNarrowLink(parts, cdn.cdn, { kbps: 1_500, delayMs: 200 });
  await server.child.stop();
  await server.start({ BAKUHANTAM__OBJECTS__PUBLIC_BASE_URL: `http://127.0.0.1:${media.port}/media` });
  publish(parts, `${server.rtmp}/${STREAM_KEY}`, { filter: clockFilter(base) });
  await until('live again', 60_000, async () => (await untilLive(server)).master.includes(String(media.port)));
  await sleep(15_000);
  const viewer = await press(`http://127.0.0.1:${page.port}`, PHONE);
  const [figures] = await behind([{ ...viewer, selector: '#player video' }], 60);
  const height = await viewer.page.evaluate(() => document.querySelector('#player video').videoHeight);
  say('1.5 Mbit/s with 200 ms', { firstFrameMs: viewer.firstFrameMs, height, ...figures });
  await viewer.context.close();
  assert.equal(figures.stalls, 0, 'stalls');
});
