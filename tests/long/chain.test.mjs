// Camera → door or SRT → encoder → publisher → SeaweedFS → nginx cache → Chromium.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DESK, PHONE, launch } from '../browser/browser.mjs';
import { playlistPace, storeOrder } from './origin.mjs';
import { Parts, STREAM_KEY, freePort, get, keepCalling, publish, s3Section, shot, startCdn, startServer, startStore, state, until, untilLive } from './parts.mjs';
import { pace, watch } from './viewer.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);

/** H.264 level of the newest listed segment of each rendition. */
async function storedPictures(master) {
  const found = {};
  for (const playlist of (await get(master)).body.toString().split('\n').filter((line) => line && !line.startsWith('#'))) {
    const address = new URL(playlist, master);
    const segment = (await get(address)).body.toString().trim().split('\n').filter((line) => !line.startsWith('#')).at(-1);
    const words = ['-v', 'error', '-of', 'json', '-show_entries', 'stream=codec_name,width,height,level,r_frame_rate,profile,sample_rate', String(new URL(segment, address))];
    const { streams } = JSON.parse(execFileSync('ffprobe', words, { encoding: 'utf8' }));
    found[playlist.split('/')[0]] = streams.map(({ codec_name: codec, profile, width, height, level, r_frame_rate: rate, sample_rate: hertz }) =>
      codec === 'aac' ? `aac ${hertz}` : `${codec} ${profile} ${width}x${height} level ${level} ${rate}`).join(', ');
  }
  return found;
}

function assertLadder(found) {
  assert.match(found['720p'], /h264 \w+( \w+)? 1280x720 level 31 30\/1/);
  assert.match(found['480p'], /h264 \w+( \w+)? 854x480 level 31 30\/1/);
  assert.match(found['360p'], /h264 \w+( \w+)? 640x360 level 30 30\/1/);
  for (const words of Object.values(found)) assert.match(words, /aac 48000/);
}

let parts;
let cdn;
let server;
let browser;
let store;
before(async () => {
  parts = new Parts();
  store = await startStore(parts);
  cdn = await startCdn(parts, store);
  server = await startServer(parts, { objects: s3Section(store, cdn.origin, cdn.url) });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await parts?.end();
});

describe('a camera at our door', () => {
  let camera;
  let playback;
  let viewer;
  after(async () => {
    await viewer?.close();
    await camera?.stop();
  });

  test('is live on the store behind the cache', async () => {
    const from = Date.now();
    camera = publish(parts, `${server.rtmp}/${STREAM_KEY}`);
    playback = await untilLive(server);
    assert.ok(playback.master.startsWith(cdn.url), playback.master);
    say('camera connects → live', { seconds: (Date.now() - from) / 1_000 });
  });

  test('plays for a minute and keeps pace with the wall', { timeout: 180_000 }, async () => {
    viewer = await watch(browser, server, DESK);
    await viewer.inState('playing');
    await viewer.moved(5);
    await viewer.caughtUp();
    say('60 s of play', await pace(viewer, 60));
    assert.deepEqual(viewer.complaints, []);
  });

  test('changes the quality by the menu and back to automatic', { timeout: 180_000 }, async () => {
    await viewer.choose('720p');
    await viewer.height(720);
    await viewer.choose('360p');
    await viewer.height(360);
    await viewer.moved(3);
    await viewer.choose('480p');
    await viewer.height(480);
    await viewer.choose(/Otomatis/);
    await viewer.height(720, 60_000);
    await viewer.moved(3);
    assert.deepEqual(viewer.complaints, []);
  });

  test('goes back twenty seconds and to live again', { timeout: 120_000 }, async () => {
    const { page } = viewer;
    const edge = Number((await viewer.facts()).latency);
    await page.keyboard.press('j');
    await page.waitForFunction(() => { const { mode, state } = document.getElementById('player').dataset; return mode === 'dvr' && state === 'playing'; });
    await viewer.moved(1);
    await page.keyboard.press('j');
    await viewer.moved(3);
    const back = await viewer.facts();
    say('20 s back', { behindBefore: edge, behind: back.latency });
    assert.ok(Number(back.latency) > edge + 14 && Number(back.latency) < edge + 32, `${back.latency} s behind, was ${edge}`);
    await page.hover('#player');
    await page.click('[data-go-live]');
    await page.waitForFunction(() => document.getElementById('player').hasAttribute('data-edge'), null, { timeout: 30_000 });
    await viewer.moved(3);
    const live = await viewer.facts();
    assert.equal(live.mode, 'live');
    assert.ok(live.sameLoad && Number(live.latency) < 12, JSON.stringify(live));
    assert.deepEqual(viewer.complaints, []);
    await viewer.close();
    viewer = undefined;
  });

  test('looks right on a phone and on a desk, in both languages', { timeout: 240_000 }, async () => {
    for (const [name, size] of [['390x844', PHONE], ['1440x900', DESK]]) {
      for (const [language, query] of [['id', ''], ['en', '?lang=en']]) {
        const seen = await watch(browser, server, size, { query });
        await seen.inState('playing');
        await seen.moved(3);
        assert.equal(await seen.page.getAttribute('html', 'lang'), language);
        await seen.page.screenshot({ path: shot(parts, `watch-${name}-${language}`) });
        await seen.page[size === PHONE ? 'tap' : 'hover']('#player');
        await seen.page.waitForTimeout(400);
        await seen.page.screenshot({ path: shot(parts, `watch-${name}-${language}-controls`) });
        assert.deepEqual(seen.complaints, []);
        await seen.close();
      }
    }
    say('screenshots', { folder: dirname(shot(parts, 'watch')) });
  });

  test('is stored in levels that old phones decode', async () => {
    const found = await storedPictures(playback.master);
    say('stored', found);
    assertLadder(found);
  });

  test('was written in an order in which no playlist ever named what was not stored', () => {
    const log = cdn.originLog();
    const { faults, ...order } = storeOrder(log);
    const pace = playlistPace(log);
    say('order on the store', { ...order, faults: faults.length, shortestBetweenPuts: pace });
    assert.ok(order.playlistPuts > 100 && order.names > 500);
    assert.deepEqual(faults, []);
    for (const [path, seconds] of Object.entries(pace)) assert.ok(seconds >= 0.99, `${path} was written again after ${seconds} s`);
    assert.deepEqual(log.filter(({ method, status }) => method === 'PUT' && status !== 200), []);
  });
});

describe('a camera by SRT', () => {
  test('goes through transcode to the same viewers', { timeout: 240_000 }, async () => {
    await until('the camera before it is gone', 30_000, async () => (await state(server)) !== 'live');
    const port = await freePort();
    const secret = 'kata-sandi-srt-2026';
    const slug = server.slug;
    const log = cdn.originLog().length;
    const transcode = parts.start('transcode', server.binary, ['transcode', '--config', server.config, '--event', slug,
      '--input', `srt://127.0.0.1:${port}?mode=listener&passphrase=${secret}&latency=200000`]);
    const wrong = publish(parts, `srt://127.0.0.1:${port}?mode=caller&passphrase=kata-sandi-yang-salah`, { format: 'mpegts', seconds: 5 });
    assert.notEqual(await wrong.wait(), 0, 'a wrong passphrase is refused');
    const camera = keepCalling(parts, `srt://127.0.0.1:${port}?mode=caller&passphrase=${secret}&latency=200000`, { format: 'mpegts' });
    await untilLive(server);
    const viewer = await watch(browser, server, PHONE);
    await viewer.inState('playing');
    await viewer.moved(5);
    await viewer.caughtUp();
    say('30 s of play by SRT', await pace(viewer, 30));
    assert.deepEqual(viewer.complaints, []);
    await viewer.close();
    const { master } = await untilLive(server);
    const found = await storedPictures(master);
    say('stored by SRT', found);
    assertLadder(found);
    const { faults, ...order } = storeOrder(cdn.originLog());
    say('order on the store', { ...order, faults: faults.length, lines: cdn.originLog().length - log });
    assert.deepEqual(faults, []);
    assert.ok(!transcode.log.includes(secret), 'the passphrase is in no log');
    await camera.over();
    assert.equal(await transcode.stop('SIGINT'), 0, transcode.log);
  });
});
