// The gate with real browsers: Chromium, Firefox, and WebKit both by hls.js and by its own player. One stream, fights
// sold one by one; every refusal has its twin that plays, in the same run.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { DESK, launch } from '../browser/browser.mjs';
import { Parts, STREAM_KEY, get, publish, s3Section, sleep, startCdn, startServer, startStore, until, untilLive } from './parts.mjs';
import { startWithoutMse } from './native.mjs';
import { fights, newcomer, post } from './people.mjs';
import { startWebKit } from './webdriver.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
const ROTATION_S = 10;
// Two lean rungs: software that paints two pictures beside the encoder on two cores says nothing of the gate.
const LADDER = [['480p', 480, '3.1', 1_400], ['360p', 360, '3.0', 700]].map(([name, height, level, kbps]) =>
  `[[encoder.renditions]]\nname = "${name}"\nheight = ${height}\nfps = 30\nlevel = "${level}"\nbitrate_kbps = ${kbps}\n`
  + `maxrate_kbps = ${kbps + 200}\nbufsize_kbps = ${kbps * 2}\naudio_kbps = 96\n`).join('');
let parts;
let server;
before(async () => {
  parts = new Parts();
  const store = await startStore(parts);
  const cdn = await startCdn(parts, store);
  server = await startServer(parts, {
    objects: s3Section(store, cdn.origin, cdn.url), fights: fights([2, 30], [3, 50]), toml: `${LADDER}[playback]\nkey_rotation_ms = ${ROTATION_S * 1_000}\n`,
  });
  publish(parts, `${server.rtmp}/${STREAM_KEY}`);
  await untilLive(server);
});
after(() => parts?.end());

const viewer = (...numbers) => newcomer(server, ...numbers);

/** Runs in the page: what the player says, and how often its picture waited. */
const look = () => {
  const root = document.getElementById('player');
  const video = root?.querySelector('video');
  if (!video) return { state: 'loading', time: 0, waits: 0 };
  if (window.waits === undefined) {
    window.waits = 0;
    window.sameLoad = true;
    video.addEventListener('waiting', () => { if (video.currentTime > 0) window.waits += 1; });
  }
  return { ...root.dataset, time: video.currentTime, paused: video.paused, waits: window.waits, error: video.error?.message, text: root.innerText.slice(0, 300) };
};
const pressPlay = () => { document.querySelector('[data-big-play]')?.click(); };

async function inChromium(cookie) {
  const browser = await launch();
  const context = await browser.newContext(DESK);
  if (cookie) {
    const [name, value] = cookie.split('=');
    await context.addCookies([{ name, value, url: server.url }]);
  }
  const page = await context.newPage();
  return { goto: (path) => page.goto(server.url + path), run: (f, ...args) => page.evaluate(f, ...args), close: () => browser.close(), page };
}

async function inFirefox(cookie) {
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
}

const inWebKit = (native = false) => async (cookie) => {
  const webkit = await startWebKit(parts, existsSync);
  const door = native ? await startWithoutMse(parts, server.url) : server.url;
  if (cookie) {
    const [name, value] = cookie.split('=');
    await webkit.goto(`${door}/terms`);
    await webkit.addCookie({ name, value, path: '/', domain: '127.0.0.1', httpOnly: true });
  }
  return { goto: (path) => webkit.goto(door + path), run: (f, ...args) => webkit.run(String(f), ...args), close: () => webkit.close() };
};

const onAir = async (number) => { server.run('event', 'on-air', server.slug, '--fight', String(number)); return Date.now(); };
const offAir = async () => { server.run('event', 'off-air', server.slug); return Date.now(); };

/** Waits until the picture is on screen and has moved by so many seconds. */
async function moves(seat, seconds, ms = 60_000) {
  const from = (await seat.run(look)).time;
  return until(`the picture moves by ${seconds} s from ${from}`, ms, async () => {
    const now = await seat.run(look);
    if (now.state === 'ready') await seat.run(pressPlay);
    return now.time > from + seconds && now.state === 'playing' ? now : undefined;
  }).catch(async (error) => { throw new Error(`${error.message}: ${JSON.stringify(await seat.run(look))}`); });
}

/** Waits until the gate is shut and the picture stands; gives how long after `since` that was. */
async function shut(seat, gates, since, ms = 40_000) {
  const at = await until(`the gate is ${gates}`, ms, async () => (gates.includes((await seat.run(look)).gate) ? Date.now() : undefined))
    .catch(async (error) => { throw new Error(`${error.message}: ${JSON.stringify(await seat.run(look))}`); });
  const before = await seat.run(look);
  await sleep(4_000);
  const later = await seat.run(look);
  assert.ok(later.time - before.time < 0.5, `the picture went on: ${before.time} → ${later.time}`);
  return Number(((at - since) / 1_000).toFixed(1));
}

const BROWSERS = [
  ['Chromium', inChromium],
  ['Firefox', inFirefox],
  ['WebKit by hls.js', inWebKit()],
  ['WebKit by its own player', inWebKit(true)],
].filter(([name]) => !process.env.ONLY_BROWSER || name.includes(process.env.ONLY_BROWSER));

for (const [name, seatIn] of BROWSERS) {
  test(`${name}: free without an account, shut to who has not paid, open to who has, free again`, { timeout: 420_000 }, async () => {
    const buyer = await viewer(2);
    const seat = await seatIn(buyer.cookie);
    let figures;
    try {
      await seat.goto(`/watch/${server.slug}`);
      await moves(seat, 8);
      const before = await seat.run(look);
      await onAir(2);
      // Through the switch and two rotations.
      const there = await moves(seat, 3 * ROTATION_S + 8, 90_000);
      assert.ok(there.gate === 'open', JSON.stringify(there));
      figures = { buyerWaits: there.waits - before.waits, sold: there.sold !== undefined };
      const stranger = await seatIn(undefined);
      try {
        await stranger.goto(`/watch/${server.slug}`);
        figures.strangerShutOnArrival = await shut(stranger, ['signed-out', 'locked'], Date.now());
        await offAir();
        await moves(stranger, 4);
        await moves(seat, 4);
        const since = await onAir(3);
        figures.strangerShutAfter = await shut(stranger, ['signed-out', 'locked'], since);
        figures.otherFightShutAfter = await shut(seat, ['locked'], since);
        await offAir();
        await moves(stranger, 4);
        await moves(seat, 4);
        assert.ok(await stranger.run(() => window.sameLoad), 'the page was loaded again');
      } finally {
        await stranger.close();
      }
      assert.ok(await seat.run(() => window.sameLoad), 'the page was loaded again');
    } finally {
      await seat.close();
      if (JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}`)).body).on_air_fight) await offAir();
    }
    say(name, figures);
    assert.ok(figures.sold, 'what the buyer saw was the sold content');
    // Two segments, and what had been listed and was in the buffer at the switch.
    assert.ok(figures.strangerShutAfter <= 4 + 6 + 2, JSON.stringify(figures));
    if (name === 'Chromium') assert.equal(figures.buyerWaits, 0, 'the buyer saw an interruption');
  });
}

/** Frames that FFmpeg decodes of a playlist with this cookie within a few seconds of stream. */
function decoded(url, cookie) {
  const headers = cookie ? ['-headers', `Cookie: ${cookie}\r\n`] : [];
  const done = spawnSync('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', ...headers, '-i', url, '-map', '0:v:0', '-t', '8', '-f', 'framemd5', '-'], { encoding: 'utf8', timeout: 60_000 });
  return { frames: done.stdout.split('\n').filter((line) => line && !line.startsWith('#')).length, said: done.stderr.slice(-600) };
}

test('a copied playlist plays nothing with another cookie, and plays with the buyer’s; so do replays and the DVR', { timeout: 240_000 }, async () => {
  const [buyer, other] = [await viewer(2), await viewer(3)];
  await onAir(2);
  await sleep(14_000);
  await offAir();
  const replay = await until('the replay of fight 2 holds what was just shown', 40_000, async () => {
    const { replays } = JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}/playback`)).body);
    return replays.find((each) => each.name === '2');
  });
  const open = decoded(replay.address, buyer.cookie);
  assert.ok(open.frames >= 100, JSON.stringify(open));
  const figures = { buyer: open.frames };
  for (const [who, cookie] of [['other', other.cookie], ['nobody', undefined]]) {
    const closed = decoded(replay.address, cookie);
    figures[who] = closed.frames;
    assert.equal(closed.frames, 0, `${who}: ${JSON.stringify(closed)}`);
  }
  say('frames of the replay of fight 2', figures);
});

test('replays and the DVR in Chromium: the fight that was bought plays, the other one is shut', { timeout: 240_000 }, async () => {
  await onAir(3);
  await sleep(14_000);
  await offAir();
  await until('the replay of fight 3', 40_000, async () => {
    const { replays } = JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}/playback`)).body);
    return replays.some((each) => each.name === '3');
  });
  const buyer = await viewer(3);
  const seat = await inChromium(buyer.cookie);
  try {
    await seat.goto(`/watch/${server.slug}?replay=3`);
    await moves(seat, 3);
    await seat.goto(`/watch/${server.slug}?replay=2`);
    await shut(seat, ['locked'], Date.now());
    // The DVR from its beginning: free, then fight 2, which is shut.
    await seat.goto(`/watch/${server.slug}`);
    await moves(seat, 4);
    await seat.page.keyboard.press('0');
    await until('it has rewound', 20_000, async () => (await seat.run(look)).mode === 'dvr');
    await until('it comes to the fight that was not bought', 90_000, async () => {
      const now = await seat.run(() => {
        const video = document.querySelector('#player video');
        if (!video.paused && video.readyState > 2) video.playbackRate = 4;
        return document.getElementById('player').dataset.gate;
      });
      return now === 'locked';
    });
  } finally {
    await seat.close();
  }
});

test('an expired, revoked, banned or third session loses the picture within one rotation', { timeout: 300_000 }, async () => {
  await onAir(2);
  try {
    for (const [what, lose, gates] of [
      ['signed out elsewhere', async ({ phone }) => server.run('account', 'sessions', '--phone', phone, '--end'), ['signed-out']],
      ['banned', async ({ phone }) => server.run('account', 'ban', '--phone', phone, '--reason', 'test'), ['signed-out']],
      ['a third device', async ({ signInAgain }) => {
        for (let device = 0; device < 2; device += 1) {
          const cookie = await signInAgain();
          const answer = await post(server, `/api/v1/events/${server.slug}/lease`, { take: true }, { Cookie: cookie });
          assert.equal(JSON.parse(answer.body).lease, 'held');
        }
      }, ['taken']],
    ]) {
      const [loser, keeper] = [await viewer(2), await viewer(2)];
      const [seat, twin] = [await inChromium(loser.cookie), await inChromium(keeper.cookie)];
      try {
        for (const each of [seat, twin]) await each.goto(`/watch/${server.slug}`);
        for (const each of [seat, twin]) await moves(each, 6);
        const since = Date.now();
        await lose(loser);
        const after_ = await shut(seat, gates, since);
        say(what, { secondsUntilShut: after_ });
        // A rotation, and what was in the buffer.
        assert.ok(after_ <= ROTATION_S + 8, `${after_} s`);
        await moves(twin, 4);
      } finally {
        await Promise.all([seat.close(), twin.close()]);
      }
    }
  } finally {
    await offAir();
  }
});
