// What a night does to us: the server dies, FFmpeg dies, the camera drops, the store is cut off. The viewer never reloads.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { DESK, launch } from '../browser/browser.mjs';
import { storeOrder } from './origin.mjs';
import { Parts, STREAM_KEY, keepCalling, s3Section, sleep, startCdn, startServer, startStore, startWire, until, untilLive } from './parts.mjs';
import { trace, traced, watch } from './viewer.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
let parts;
let wire;
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
  server = await startServer(parts, { objects: s3Section(store, cdn.origin, cdn.url) });
  browser = await launch();
  camera = keepCalling(parts, `${server.rtmp}/${STREAM_KEY}`);
  await untilLive(server);
  viewer = await watch(browser, server, DESK);
  await viewer.inState('playing');
  await viewer.moved(6);
});
after(async () => {
  await browser?.close();
  await parts?.end();
});

/** The picture moves again, in the same page, near the edge; gives what the viewer went through. */
async function goesOn(within) {
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
  return { secondsToPlayFiveMore: (Date.now() - from) / 1_000, latency: facts.latency, ...seen };
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
  await sleep(8_000);
  say('FFmpeg SIGKILL', await goesOn(40));
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
  await sleep(5_000);
  say('server SIGKILL', { toHealthMs: up, ...await goesOn(60) });
});

test('the camera dropped for twelve seconds: it is said, and the picture comes back', { timeout: 180_000 }, async () => {
  await trace(viewer.page);
  await camera.drop();
  await viewer.inState('interrupted', 30_000);
  assert.equal((await viewer.facts()).notice, 'Siaran terputus, mencoba menyambung…');
  await sleep(6_000);
  camera.back();
  const figures = await goesOn(60);
  assert.ok(figures.states.includes('interrupted'));
  say('camera dropped', figures);
});

test('the store cut off for eight seconds: publisher and viewer get over it', { timeout: 180_000 }, async () => {
  await trace(viewer.page);
  const from = Date.now() / 1_000;
  wire.cut();
  await sleep(8_000);
  wire.mend();
  const figures = await goesOn(60);
  const failed = cdn.originLog().filter(({ method, status, at }) => method === 'PUT' && status >= 500 && at >= from).length;
  assert.ok(failed > 0, 'the cut was felt');
  say('store cut for 8 s', { failedPuts: failed, ...figures });
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
