// Many readers that do what a player does: poll their rendition's playlist, fetch each new segment once.
import http from 'node:http';
import { get, sleep } from './parts.mjs';

/** Reads for so many seconds; gives what was read and what went wrong. */
export async function readAll(master, count, seconds) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1_024 });
  const lines = namesIn((await get(master)).body);
  const stats = { playlists: 0, segments: 0, bytes: 0, failures: [], slowestMs: 0 };
  const end = Date.now() + seconds * 1_000;
  const fetched = async (url) => {
    const asked = Date.now();
    const answer = await get(url, { agent }).catch((error) => ({ status: error.message, body: Buffer.alloc(0) }));
    stats.slowestMs = Math.max(stats.slowestMs, Date.now() - asked);
    stats.bytes += answer.body.length;
    if (answer.status !== 200) stats.failures.push(`${url.pathname} ${answer.status}`);
    return answer;
  };
  const reader = async (number) => {
    // Spread over a segment's length, as people are.
    await sleep((number / count) * 2_000);
    const playlist = new URL(lines[number % lines.length], master);
    const seen = new Set();
    while (Date.now() < end) {
      const asked = Date.now();
      const names = namesIn((await fetched(playlist)).body);
      stats.playlists += 1;
      for (const name of seen.size === 0 ? names.slice(-3) : names.filter((other) => !seen.has(other))) {
        for (const older of names) seen.add(older);
        await fetched(new URL(name, playlist));
        stats.segments += 1;
      }
      await sleep(Math.max(0, 2_000 - (Date.now() - asked)));
    }
  };
  await Promise.all(Array.from({ length: count }, (_, number) => reader(number)));
  agent.destroy();
  return stats;
}

function namesIn(body) {
  return body.toString().split('\n').filter((line) => line && !line.startsWith('#'));
}
