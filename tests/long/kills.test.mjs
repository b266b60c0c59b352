// What a night does to us: the server dies, FFmpeg dies, the camera drops, the store is cut off, the viewer's network goes.
// What is on air is sold, and the viewer has bought it; nobody reloads the page.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { DESK, launch } from '../browser/browser.mjs';
import { storeOrder } from './origin.mjs';
import { Parts, STREAM_KEY, keepCalling, s3Section, sleep, startCdn, startServer, startStore, startWire, until, untilLive } from './parts.mjs';
import { fights, newcomer } from './people.mjs';
import { trace, traced, watch } from './viewer.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
let parts;
let wire;
let line;
let cdn;
let server;
let browser;
let camera;
let viewer;
before(async () => {
  parts = new Parts();
  const store = await startStore(parts);
  wire = await startWire(parts, store.port);
  cdn = await startCdn(parts, store, wire.port);
  line = await startWire(parts, cdn.cdn);
  const objects = s3Section(store, cdn.origin, `http://127.0.0.1:${line.port}/media`);
  server = await startServer(parts, { objects, fights: fights([2, 30]), toml: '[playback]\nkey_rotation_ms = 10000\n' });
  browser = await launch();
  camera = keepCalling(parts, `${server.rtmp}/${STREAM_KEY}`);
  await untilLive(server);
  const { cookie } = await newcomer(server, 2);
  server.run('event', 'on-air', server.slug, '--fight', '2');
  viewer = await watch(browser, server, DESK, { cookie });
  await viewer.inState('playing');
  await viewer.page.waitForFunction(() => document.getElementById('player').dataset.sold !== undefined, null, { timeout: 30_000 });
  await viewer.moved(6);
});
after(async () => {
  await browser?.close();
  await parts?.end();
});

/**
 * The picture moves again, in the same page, near the edge, and stands no more ten seconds after what was away is back
 * (`since`); gives what the viewer went through.
 */
async function goesOn(within, since) {
  const from = Date.now();
  const before = await viewer.facts();
  await viewer.page.waitForFunction((time) => {
    const root = document.getElementById('player');
    return root.dataset.state === 'playing' && root.querySelector('video').currentTime > time + 5;
  }, before.time, { timeout: within * 1_000, polling: 100 });
  await viewer.moved(5);
  const facts = await viewer.facts();
  assert.ok(facts.sameLoad, 'the page was loaded again');
  assert.ok(Number(facts.latency) < 16, `${facts.latency} s behind`);
  const seen = await traced(viewer.page);
  // A stall is told 2.5 s after it began.
  assert.ok(seen.longestUntold < 4, `stood for ${seen.longestUntold} s and said it played: ${JSON.stringify(seen)}`);
  assert.equal(facts.gate, 'open');
  const { over, ...told } = seen;
  const backAfter = Math.max(0, (over - since) / 1_000);
  assert.ok(backAfter <= 10, `the picture was back ${backAfter} s after what was away`);
  return { backAfter, secondsToPlayFiveMore: (Date.now() - from) / 1_000, latency: facts.latency, ...told };
}

/** FFmpeg started by the server. */
function encoders() {
  const pids = readdirSync(`/proc/${server.child.pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${server.child.pid}/task/${task}/children`, 'utf8').trim().split(' '));
  return pids.filter(Boolean).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('ffmpeg')).map(Number);
}

test('FFmpeg killed: the encoder starts again and the picture goes on', { timeout: 120_000 }, async () => {
  await trace(viewer.page);
  const [old] = encoders();
  process.kill(old, 'SIGKILL');
  await until('another FFmpeg', 30_000, async () => encoders().some((pid) => pid !== old));
  const since = Date.now();
  await sleep(8_000);
  say('FFmpeg SIGKILL', await goesOn(40, since));
});

test('the server killed and started again: the camera comes back and the picture goes on', { timeout: 180_000 }, async () => {
  await trace(viewer.page);
  const [old] = encoders();
  server.child.kill('SIGKILL');
  await server.child.wait();
  await until('FFmpeg does not outlive it', 5_000, async () => { try { process.kill(old, 0); return false; } catch { return true; } });
  await sleep(3_000);
  const begun = Date.now();
  await server.start();
  const up = Date.now() - begun;
  const since = Date.now();
  await sleep(5_000);
  say('server SIGKILL', { toHealthMs: up, ...await goesOn(60, since) });
});

test('the camera dropped for twelve seconds: it is said, and the picture comes back', { timeout: 180_000 }, async () => {
  await trace(viewer.page);
  await camera.drop();
  await viewer.inState('interrupted', 30_000);
  assert.equal((await viewer.facts()).notice, 'Siaran terputus, mencoba menyambung…');
  await sleep(6_000);
  camera.back();
  const figures = await goesOn(60, Date.now());
  assert.ok(figures.states.includes('interrupted'));
  say('camera dropped', figures);
});

test('the store cut off for eight seconds: publisher and viewer get over it', { timeout: 180_000 }, async () => {
  await trace(viewer.page);
  const from = Date.now() / 1_000;
  wire.cut();
  await sleep(8_000);
  wire.mend();
  const figures = await goesOn(60, Date.now());
  const failed = cdn.originLog().filter(({ method, status, at }) => method === 'PUT' && status >= 500 && at >= from).length;
  assert.ok(failed > 0, 'the cut was felt');
  say('store cut for 8 s', { failedPuts: failed, ...figures });
});

test('the viewer without network for fifteen seconds: it is said, and the picture comes back by itself', { timeout: 180_000 }, async () => {
  await trace(viewer.page);
  line.cut();
  await viewer.page.context().setOffline(true);
  await sleep(15_000);
  line.mend();
  await viewer.page.context().setOffline(false);
  const figures = await goesOn(60, Date.now());
  assert.ok(figures.longestStandstill > 2, 'the cut was felt');
  say('network away for 15 s', figures);
});

test('through all of it no playlist named what was not stored, and no sequence went back', () => {
  const log = cdn.originLog();
  const { faults, ...order } = storeOrder(log);
  const puts = new Map();
  for (const { method, path, status } of log) if (method === 'PUT' && path.endsWith('.ts') && status === 200) puts.set(path, (puts.get(path) ?? 0) + 1);
  const twice = [...puts].filter(([, times]) => times > 1);
  const back = [];
  const last = new Map();
  for (const { method, path, status, body } of log) {
    if (method !== 'PUT' || !path.endsWith('live.m3u8') || status !== 200) continue;
    const [sequence, breaks] = ['MEDIA', 'DISCONTINUITY'].map((name) => Number(body.match(new RegExp(`#EXT-X-${name}-SEQUENCE:(\\d+)`))?.[1] ?? 0));
    const before = last.get(path) ?? { sequence: 0, breaks: 0 };
    if (sequence < before.sequence || breaks < before.breaks) back.push(`${path}: ${JSON.stringify(before)} → ${sequence}, ${breaks}`);
    last.set(path, { sequence, breaks });
  }
  say('the store after all of it', { ...order, faults: faults.length, segments: puts.size, putTwice: twice.length, last: Object.fromEntries(last) });
  assert.deepEqual(faults, []);
  assert.deepEqual(back, []);
  // Only what was under way when the server died may have been sent again.
  assert.ok(twice.length <= 3, JSON.stringify(twice));
});
