// A viewer in Chromium: the watch page, what its player says, and whether it goes on.
import assert from 'node:assert/strict';
import { open } from '../browser/browser.mjs';
import { sleep, untilCaughtUp } from './parts.mjs';

/** Opens the watch page and marks the window: a page that is loaded again has lost the mark. */
export async function watch(browser, server, size, { query = '', cookie } = {}) {
  const viewer = await open(browser, size);
  const { page } = viewer;
  if (cookie) {
    const [name, value] = cookie.split('=');
    await page.context().addCookies([{ name, value, url: server.url }]);
  }
  await page.goto(`${server.url}/watch/${server.slug}${query}`);
  await page.evaluate(() => { window.sameLoad = true; });
  return {
    ...viewer,
    facts: () => page.evaluate(() => {
      const root = document.getElementById('player');
      const video = root.querySelector('video');
      return {
        ...root.dataset, edge: root.hasAttribute('data-edge'), time: video?.currentTime ?? 0, height: video?.videoHeight ?? 0,
        paused: video?.paused, now: performance.now(), sameLoad: window.sameLoad === true,
        notice: root.querySelector('[data-notice-title]').textContent,
      };
    }),
    inState: (state, timeout = 60_000) => page.waitForFunction((wanted) =>
      document.getElementById('player').dataset.state === wanted, state, { timeout, polling: 50 }),
    height: (wanted, timeout = 30_000) => page.waitForFunction((height) =>
      document.querySelector('#player video').videoHeight === height, wanted, { timeout }),
    /** Waits until the picture has moved on by so many seconds. */
    moved: async (seconds, timeout = 60_000) => {
      const from = await page.evaluate(() => document.querySelector('#player video')?.currentTime ?? 0);
      await page.waitForFunction(([at, by]) => document.querySelector('#player video')?.currentTime > at + by, [from, seconds], { timeout });
    },
    caughtUp: () => untilCaughtUp(() => page.evaluate(() => {
      const video = document.querySelector('#player video');
      return { rate: video.playbackRate, time: video.currentTime };
    })),
    choose: async (name) => {
      await page.hover('#player');
      await page.click('[data-quality-button]');
      await page.getByRole('menuitemradio', { name, exact: typeof name === 'string' }).click();
    },
  };
}

/** Writes down ten times a second what the player says and where the picture is. */
export function trace(page) {
  return page.evaluate(() => {
    clearInterval(window.tracing);
    window.trace = [];
    window.tracing = setInterval(() => {
      const root = document.getElementById('player');
      window.trace.push({ at: performance.now(), state: root.dataset.state, time: root.querySelector('video').currentTime });
    }, 100);
  });
}

/**
 * What the trace shows: states in their order, the longest standstill, how long it said "playing" while it stood, and when
 * (Unix ms) the last standstill of half a second and more was over.
 */
export async function traced(page) {
  const samples = await page.evaluate(() => window.trace);
  const states = [];
  let [stood, longest, untold, over] = [samples[0], 0, 0, 0];
  for (const sample of samples) {
    if (states.at(-1) !== sample.state) states.push(sample.state);
    if (sample.time !== stood.time) {
      if (sample.at - stood.at >= 500) over = sample.at;
      stood = sample;
    }
    const still = (sample.at - stood.at) / 1_000;
    longest = Math.max(longest, still);
    if (sample.state === 'playing') untold = Math.max(untold, still);
  }
  const origin = await page.evaluate(() => performance.timeOrigin);
  return { states, over: over && origin + over, longestStandstill: Number(longest.toFixed(1)), longestUntold: Number(untold.toFixed(1)) };
}

/**
 * Plays for so many seconds and asserts that the picture kept pace with the wall; gives the figures. Once a second it
 * also looks that it moved at all.
 */
export async function pace(viewer, seconds, within = 0.03) {
  const first = await viewer.facts();
  let last = first;
  let slowest = Infinity;
  let longestBehind = 0;
  while (last.now - first.now < seconds * 1_000) {
    await sleep(1_000);
    const next = await viewer.facts();
    slowest = Math.min(slowest, (next.time - last.time) / ((next.now - last.now) / 1_000));
    longestBehind = Math.max(longestBehind, Number(next.latency ?? 0));
    last = next;
  }
  const wall = (last.now - first.now) / 1_000;
  const played = last.time - first.time;
  const figures = {
    wall: wall.toFixed(2), played: played.toFixed(2), off: `${((played / wall - 1) * 100).toFixed(2)} %`,
    slowestSecond: slowest.toFixed(2), latency: `${last.latency} s, at most ${longestBehind} s`, state: last.state,
  };
  assert.ok(Math.abs(played - wall) <= wall * within, `played ${played} s in ${wall} s: ${JSON.stringify(figures)}`);
  assert.ok(last.sameLoad, 'the page was loaded again');
  return figures;
}
