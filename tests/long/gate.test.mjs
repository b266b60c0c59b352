// The gate with real browsers: Chromium, Firefox, and WebKit by hls.js. One stream, fights sold one by one; every refusal
// has its twin that plays, in the same run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { get, sleep, until } from './parts.mjs';
import { newcomer, post } from './people.mjs';
import { ROTATION_S, inChromium, inFirefox, inWebKit, look, moves, offAir, onAir, say, seeTheNight, shut, startNight } from './seats.mjs';

let parts;
let server;
before(async () => { ({ parts, server } = await startNight()); });
after(() => parts?.end());

const viewer = (...numbers) => newcomer(server, ...numbers);

const BROWSERS = [['Chromium', inChromium], ['Firefox', inFirefox], ['WebKit by hls.js', inWebKit]]
  .filter(([name]) => !process.env.ONLY_BROWSER || name.includes(process.env.ONLY_BROWSER));

for (const [name, seats] of BROWSERS) {
  test(`${name}: free without an account, shut to who has not paid, open to who has, free again`, { timeout: 420_000 }, async () => {
    const figures = await seeTheNight(name, seats(server, parts), server);
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
  await onAir(server, 2);
  await sleep(14_000);
  await offAir(server);
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
  await onAir(server, 3);
  await sleep(14_000);
  await offAir(server);
  await until('the replay of fight 3', 40_000, async () => {
    const { replays } = JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}/playback`)).body);
    return replays.some((each) => each.name === '3');
  });
  const buyer = await viewer(3);
  const seat = await inChromium(server)(buyer.cookie);
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
  await onAir(server, 2);
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
      const [seat, twin] = [await inChromium(server)(loser.cookie), await inChromium(server)(keeper.cookie)];
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
    await offAir(server);
  }
});
