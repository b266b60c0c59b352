// Fifty and three hundred readers through the shipped cache, by what reaches the origin.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cacheHits, originReads } from './origin.mjs';
import { Parts, STREAM_KEY, publish, s3Section, sleep, startCdn, startServer, startStore, untilLive } from './parts.mjs';
import { readAll } from './readers.mjs';

const SECONDS = 30;
let parts;
let cdn;
let master;
before(async () => {
  parts = new Parts();
  const store = await startStore(parts);
  cdn = await startCdn(parts, store);
  const server = await startServer(parts, { objects: s3Section(store, cdn.origin, cdn.url) });
  publish(parts, `${server.rtmp}/${STREAM_KEY}`);
  ({ master } = await untilLive(server));
  // A full window, so that every reader begins like every other.
  await sleep(15_000);
});
after(() => parts?.end());

for (const count of [50, 300]) {
  test(`${count} readers fetch each segment from the origin once and each playlist once a second`, { timeout: 120_000 }, async () => {
    const from = Date.now() / 1_000;
    const { failures, ...stats } = await readAll(master, count, SECONDS);
    await sleep(200);
    const to = Date.now() / 1_000;
    const { failures: refused, ...reads } = originReads(cdn.originLog(), from, to);
    const hits = cacheHits(cdn.cdnLog(), from, to);
    console.log(`# ${count} readers, ${SECONDS} s: ${JSON.stringify({ readers: { ...stats, failures: failures.length }, origin: reads, cache: hits })}`);
    assert.deepEqual(failures, []);
    assert.deepEqual(refused, []);
    assert.ok(stats.segments > count * (SECONDS / 2 - 4), `${stats.segments} segments read`);
    assert.deepEqual(reads.segmentsTwice, []);
    // The clock has one second more that begins than have passed.
    for (const [path, times] of Object.entries(reads.playlists)) assert.ok(times <= Math.floor(to) - Math.floor(from) + 1, `${path} ${times} times`);
    assert.equal(hits.answers, stats.playlists + stats.segments + 1);
    assert.ok(hits.ratio > (count === 50 ? 0.9 : 0.98), `${hits.ratio} came from the cache`);
  });
}
