// What the origin's and the cache's logs prove.

const ok = ({ status }) => status >= 200 && status < 300;
const begun = ({ at, took }) => at - took;

/** Names in a playlist, as paths beside it. What is marked as a gap is named, but is not there. */
function named(path, text) {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line, at) => line && !line.startsWith('#') && !lines.slice(Math.max(0, at - 4), at).includes('#EXT-X-GAP'))
    .map((line) => new URL(line, `http://store${path}`).pathname);
}

/** The order on the store: each playlist began to be written only after all that it names had been answered. */
export function storeOrder(log) {
  const stored = new Map();
  for (const line of log) if (line.method === 'PUT' && ok(line) && !stored.has(line.path)) stored.set(line.path, line.at);
  const playlists = log.filter((line) => line.method === 'PUT' && line.path.endsWith('.m3u8') && ok(line));
  const faults = [];
  let names = 0;
  for (const line of playlists) {
    if (!line.body.startsWith('#EXTM3U')) faults.push(`${line.path}: its text is not in the log`);
    for (const name of named(line.path, line.body)) {
      names += 1;
      const at = stored.get(name);
      // nginx tells milliseconds.
      if (at === undefined || at > begun(line) + 0.001) faults.push(`${line.path} at ${begun(line)} names ${name}, stored at ${at}`);
    }
  }
  return { playlistPuts: playlists.length, names, faults };
}

/** For each playlist the shortest time between the beginnings of two PUTs, in seconds. */
export function playlistPace(log) {
  const last = new Map();
  const shortest = new Map();
  for (const line of log.filter(({ method, path }) => method === 'PUT' && path.endsWith('.m3u8')).sort((a, b) => begun(a) - begun(b))) {
    if (last.has(line.path)) {
      const gap = Number((begun(line) - last.get(line.path)).toFixed(3));
      shortest.set(line.path, Math.min(gap, shortest.get(line.path) ?? Infinity));
    }
    last.set(line.path, begun(line));
  }
  return Object.fromEntries(shortest);
}

/** What readers fetched from the origin through the cache between two moments (seconds since 1970). */
export function originReads(log, from, to) {
  const reads = log.filter((line) => line.method === 'GET' && begun(line) >= from && line.at <= to);
  const times = new Map();
  for (const { path } of reads) times.set(path, (times.get(path) ?? 0) + 1);
  const of = (end) => [...times].filter(([path]) => path.endsWith(end));
  return {
    failures: reads.filter((line) => !ok(line)).map(({ path, status }) => `${path} ${status}`),
    segments: of('.ts').length,
    segmentsTwice: of('.ts').filter(([, count]) => count > 1),
    playlists: Object.fromEntries(of('.m3u8')),
  };
}

/** Answers of the cache between two moments, and the part that did not reach the origin. */
export function cacheHits(log, from, to) {
  const window = log.filter((line) => begun(line) >= from && line.at <= to && ok(line));
  const kinds = {};
  for (const { cache } of window) kinds[cache] = (kinds[cache] ?? 0) + 1;
  return { answers: window.length, kinds, ratio: (kinds.HIT ?? 0) / window.length };
}
