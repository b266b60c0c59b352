// Seats in front of the gate: the four browsers, what their player says, and a night of two fights as they see it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { DESK, launch } from '../browser/browser.mjs';
import { Parts, STREAM_KEY, get, publish, s3Section, sleep, startCdn, startServer, startStore, until, untilLive } from './parts.mjs';
import { startWithoutMse } from './native.mjs';
import { fights, newcomer } from './people.mjs';
import { startWebKit } from './webdriver.mjs';

export const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
export const ROTATION_S = 10;
const FPS = 30;
// Two lean rungs: software that paints two pictures beside the encoder on two cores says nothing of the gate.
const LADDER = [['480p', 480, '3.1', 1_400], ['360p', 360, '3.0', 700]].map(([name, height, level, kbps]) =>
  `[[encoder.renditions]]\nname = "${name}"\nheight = ${height}\nfps = 30\nlevel = "${level}"\nbitrate_kbps = ${kbps}\n`
  + `maxrate_kbps = ${kbps + 200}\nbufsize_kbps = ${kbps * 2}\naudio_kbps = 96\n`).join('');

/** A live night with a real camera, a store, a CDN, and two fights that are sold. */
export async function startNight(toml = '') {
  const parts = new Parts();
  const store = await startStore(parts);
  const cdn = await startCdn(parts, store);
  const server = await startServer(parts, {
    objects: s3Section(store, cdn.origin, cdn.url), fights: fights([2, 30], [3, 50]),
    toml: `${LADDER}${toml}[playback]\nkey_rotation_ms = ${ROTATION_S * 1_000}\n`,
  });
  publish(parts, `${server.rtmp}/${STREAM_KEY}`);
  await untilLive(server);
  return { parts, server };
}

export const inChromium = (server) => async (cookie) => {
  const browser = await launch();
  const context = await browser.newContext(DESK);
  if (cookie) {
    const [name, value] = cookie.split('=');
    await context.addCookies([{ name, value, url: server.url }]);
  }
  const page = await context.newPage();
  return { goto: (path) => page.goto(server.url + path), run: (f, ...args) => page.evaluate(f, ...args), close: () => browser.close(), page };
};

export const inFirefox = (server, parts) => async (cookie) => {
  const home = mkdtempSync(join(parts.folder, 'firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox', headless: true, executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', env: { ...process.env, HOME: home },
    extraPrefsFirefox: { 'media.autoplay.default': 0 },
  });
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  if (cookie) {
    const [name, value] = cookie.split('=');
    await browser.setCookie({ name, value, domain: '127.0.0.1', path: '/' });
  }
  return { goto: (path) => page.goto(server.url + path), run: (f, ...args) => page.evaluate(f, ...args), close: () => browser.close() };
};

export const inWebKit = (server, parts, native = false) => async (cookie) => {
  const webkit = await startWebKit(parts, existsSync);
  const door = native ? await startWithoutMse(parts, server.url) : server.url;
  if (cookie) {
    const [name, value] = cookie.split('=');
    await webkit.goto(`${door}/terms`);
    await webkit.addCookie({ name, value, path: '/', domain: '127.0.0.1', httpOnly: true });
  }
  return { goto: (path) => webkit.goto(door + path), run: (f, ...args) => webkit.run(String(f), ...args), close: () => webkit.close() };
};

/** Puts a fight on air; gives when that was done. */
export const onAir = async (server, number) => { server.run('event', 'on-air', server.slug, '--fight', String(number)); return Date.now(); };
export const offAir = async (server) => { server.run('event', 'off-air', server.slug); return Date.now(); };

/** Runs in the page: what the player says, and how often its picture waited. */
export const look = () => {
  const root = document.getElementById('player');
  const video = root?.querySelector('video');
  if (!video) return { state: 'loading', time: 0, waits: 0 };
  if (window.waits === undefined) {
    window.waits = 0;
    window.sameLoad = true;
    video.addEventListener('waiting', () => { if (video.currentTime > 0) window.waits += 1; });
  }
  return { ...root.dataset, time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames, paused: video.paused, waits: window.waits, error: video.error?.message, text: root.innerText.slice(0, 300) };
};
const pressPlay = () => { document.querySelector('[data-big-play]')?.click(); };

/** Waits until the picture is on screen and has moved by so many seconds, told by its frames. */
export async function moves(seat, seconds, ms = 60_000) {
  let from;
  return until(`the picture moves by ${seconds} s`, ms, async () => {
    const now = await seat.run(look);
    if (now.state === 'ready') await seat.run(pressPlay);
    if (now.state !== 'playing') return undefined;
    // A source that was opened anew counts from its own beginning.
    if (from === undefined || now.frames < from) from = now.frames;
    return now.frames > from + seconds * FPS ? now : undefined;
  }).catch(async (error) => { throw new Error(`${error.message}: ${JSON.stringify(await seat.run(look))}`); });
}

/** Waits until the gate is shut and the picture stands; gives how long after `since` that was. */
export async function shut(seat, gates, since, ms = 40_000) {
  const at = await until(`the gate is ${gates}`, ms, async () => (gates.includes((await seat.run(look)).gate) ? Date.now() : undefined))
    .catch(async (error) => { throw new Error(`${error.message}: ${JSON.stringify(await seat.run(look))}`); });
  const before = await seat.run(look);
  await sleep(4_000);
  const later = await seat.run(look);
  assert.ok(later.time - before.time < 0.5 && later.frames - before.frames < FPS / 2, `the picture went on: ${JSON.stringify([before, later])}`);
  return Number(((at - since) / 1_000).toFixed(1));
}

/** Free without an account, shut to who has not paid, open to who has, free again; gives the figures. */
export async function seeTheNight(name, seatIn, server) {
  const buyer = await newcomer(server, 2);
  const seat = await seatIn(buyer.cookie);
  let figures;
  try {
    await seat.goto(`/watch/${server.slug}`);
    await moves(seat, 8);
    const before = await seat.run(look);
    await onAir(server, 2);
    // Through the switch and two rotations.
    const there = await moves(seat, 3 * ROTATION_S + 8, 90_000);
    assert.ok(there.gate === 'open', JSON.stringify(there));
    figures = { buyerWaits: there.waits - before.waits, sold: there.sold !== undefined };
    const stranger = await seatIn(undefined);
    try {
      await stranger.goto(`/watch/${server.slug}`);
      figures.strangerShutOnArrival = await shut(stranger, ['signed-out', 'locked'], Date.now());
      await offAir(server);
      await moves(stranger, 4);
      await moves(seat, 4);
      const since = await onAir(server, 3);
      figures.strangerShutAfter = await shut(stranger, ['signed-out', 'locked'], since);
      figures.otherFightShutAfter = await shut(seat, ['locked'], since);
      await offAir(server);
      await moves(stranger, 4);
      await moves(seat, 4);
      assert.ok(await stranger.run(() => window.sameLoad), 'the page was loaded again');
    } finally {
      await stranger.close();
    }
    assert.ok(await seat.run(() => window.sameLoad), 'the page was loaded again');
  } finally {
    await seat.close();
    if (JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}`)).body).on_air_fight) await offAir(server);
  }
  say(name, figures);
  assert.ok(figures.sold, 'what the buyer saw was the sold content');
  // Two segments, and what had been listed and was in the buffer at the switch.
  assert.ok(figures.strangerShutAfter <= 4 + 6 + 2, JSON.stringify(figures));
  return figures;
}
