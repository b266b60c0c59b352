// The gate in the player, in front of a stream that runs by the clock: faults and refusals on command, no reload.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeClockwork } from "./clockwork.mjs";
import { DESK, launch, open } from "./browser.mjs";
import { SLUG, startNight, until } from "./server.mjs";
import { FIGHT, startTollgate } from "./tollgate.mjs";

const SEGMENT_MS = 2_000;
let night;
let browser;
let gate;
let clockwork;
before(async () => {
  [night, clockwork] = await Promise.all([startNight(), makeClockwork(420)]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await gate?.stop();
  await night?.stop();
});

const fights = (list) => list.map((fight) => (fight.number === 2 ? { ...fight, id: FIGHT } : fight));

/** A page that watches, in front of a gate of its own. */
async function watch(path = `/watch/${SLUG}`) {
  await gate?.stop();
  gate = await startTollgate(night.url, { clockwork });
  gate.fights = fights;
  const viewer = await open(browser, DESK, () => {
    window.sameLoad = Math.random();
    window.waits = 0;
    document.addEventListener("waiting", () => { window.waits += 1; }, true);
  });
  viewer.go = async (to = path) => {
    await viewer.page.goto(gate.url + to);
    viewer.load = await viewer.page.evaluate(() => window.sameLoad);
  };
  viewer.sees = (what, timeout = 30_000) =>
    viewer.page.waitForFunction(
      (wanted) => Object.entries(wanted).every(([name, value]) => (document.getElementById("player").dataset[name] ?? null) === value),
      what,
      { timeout },
    );
  viewer.plays = async (seconds = 1) => {
    const from = await viewer.time();
    await viewer.page.waitForFunction(
      ([at, by]) => document.querySelector("#player video").currentTime > at + by,
      [from, seconds],
      { timeout: 30_000 },
    );
  };
  viewer.time = () => viewer.page.evaluate(() => document.querySelector("#player video").currentTime);
  viewer.data = () => viewer.page.evaluate(() => ({ ...document.getElementById("player").dataset }));
  viewer.same = async () => assert.equal(await viewer.page.evaluate(() => window.sameLoad), viewer.load, "the page was reloaded");
  return viewer;
}

const asked = (part, from = 0) => gate.asked.slice(from).filter(({ path }) => path.includes(part));
/** Everything from the next segment on is sold, or free again. */
const sell = () => gate.sold.push([gate.edge, Number.POSITIVE_INFINITY]);
const free = () => { gate.sold.at(-1)[1] = gate.edge; };

test("what is free plays without a question about keys or places", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing", gate: "open", sold: null });
  await viewer.plays(3);
  assert.deepEqual([...asked("/keys/"), ...asked("/lease")], []);
  await viewer.page.context().close();
});

test("a buyer plays on over the start of a sold fight, two rotations and its end", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  await viewer.plays(4);
  await viewer.page.evaluate(() => {
    const root = document.getElementById("player");
    window.shuts = 0;
    new MutationObserver(() => { window.shuts += root.dataset.gate === "open" ? 0 : 1; }).observe(root, { attributeFilter: ["data-gate"] });
  });
  sell();
  await viewer.sees({ sold: "", fight: "2", gate: "open" });
  await until("three keys", async () => new Set(asked("/keys/").map(({ path }) => path)).size >= 4, 60_000);
  await viewer.plays(3);
  free();
  await viewer.sees({ state: "playing", gate: "open", sold: null, fight: null });
  await viewer.plays(2);
  // That it does not wait for a moment either is for a machine with nothing else to do: tests/long/gate.test.mjs.
  assert.equal(await viewer.page.evaluate(() => window.shuts), 0, "the gate was shut for a moment");
  const paths = asked("/keys/").map(({ path }) => path);
  assert.equal(paths.length, new Set(paths).size, "a key was asked for twice");
  await viewer.page.context().close();
});

test("the next key is asked for before its turn", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  sell();
  await viewer.sees({ sold: "" });
  await until("a key ahead of its turn", async () =>
    asked("/keys/").some(({ path, at }) => Number(path.split("-").at(-1)) * 1_000 > at), 40_000);
  await viewer.page.context().close();
});

test("a locked viewer sees what is free to its end, no sold picture, and asks once; freed, it comes back", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  await viewer.plays(2);
  gate.key = () => [403, "playback.locked"];
  sell();
  const soldFrom = gate.edge;
  let latest = 0;
  await until("locked", async () => {
    const { gate: now, made, sold } = await viewer.data();
    assert.equal(sold, undefined, "a sold picture was on screen");
    latest = Math.max(latest, Number(made));
    return now === "locked";
  }, 30_000);
  assert.ok(latest < soldFrom + 500, `${latest - soldFrom} ms of it were shown`);
  assert.ok(Date.now() - soldFrom < 6 * SEGMENT_MS, "long after it was sold");
  await viewer.sees({ state: "shut", gate: "locked" });
  const before = gate.asked.length;
  await new Promise((done) => setTimeout(done, 2 * SEGMENT_MS));
  assert.equal(asked("/keys/").length, 1, "it asked again and again");
  assert.deepEqual(asked(".ts", before), [], "it goes on loading");
  free();
  await viewer.sees({ state: "playing", gate: "open", sold: null }, 40_000);
  await viewer.plays(2);
  await viewer.same();
  await viewer.page.context().close();
});

test("passing trouble with keys is no refusal: the picture goes on when they come", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  gate.key = () => [503, "web.unavailable"];
  sell();
  await until("several tries", async () => asked("/keys/").length >= 4, 30_000);
  assert.equal((await viewer.data()).gate, "open");
  gate.key = () => 200;
  await viewer.sees({ state: "playing", sold: "", gate: "open" });
  await viewer.plays(2);
  await viewer.same();
  await viewer.page.context().close();
});

test("a device that lost its place stops; taking it back by a press plays on", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  sell();
  await viewer.sees({ state: "playing", sold: "" });
  let holder = "elsewhere";
  gate.lease = ({ take }) => {
    if (take) holder = "here";
    return { lease: holder === "here" ? "held" : "lost" };
  };
  gate.key = () => (holder === "here" ? 200 : [403, "playback.lease_lost"]);
  await viewer.sees({ state: "shut", gate: "taken" });
  assert.equal(await viewer.page.evaluate(() => document.querySelector("#player video").readyState), 0, "the picture is still there");
  const [before] = [asked("/lease").length];
  await new Promise((done) => setTimeout(done, 2 * SEGMENT_MS));
  assert.equal(asked("/lease").length, before, "a device without a place goes on asking");
  assert.equal(holder, "elsewhere", "it was taken without a press");
  await viewer.page.click("[data-take-here]");
  await viewer.sees({ state: "playing", gate: "open", sold: "" });
  await viewer.plays(2);
  await viewer.same();
  await viewer.page.context().close();
});

test("nobody signed in: shut with that word, and nothing is asked again", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  [gate.key, gate.lease] = [() => 401, () => 401];
  sell();
  await viewer.sees({ state: "shut", gate: "signed-out" });
  assert.ok(asked("/keys/").length <= 1 && asked("/lease").length <= 1);
  await viewer.page.context().close();
});

test("a replay by its address plays where it was left; locked it shuts at once", async () => {
  const viewer = await watch();
  gate.replays = [["2", "replay-0-60.m3u8"]];
  await viewer.go(`/watch/${SLUG}?replay=2`);
  await viewer.sees({ state: "playing", mode: "replay" });
  await viewer.page.evaluate(() => { document.querySelector("#player video").currentTime = 50; });
  await viewer.plays(6);
  await viewer.go(`/watch/${SLUG}?replay=2`);
  await viewer.sees({ state: "playing", mode: "replay" });
  await viewer.plays(0.5);
  assert.ok((await viewer.time()) > 49, `at ${await viewer.time()}`);
  gate.sold = [[0, Number.POSITIVE_INFINITY]];
  gate.key = () => [403, "playback.locked"];
  await viewer.go(`/watch/${SLUG}?replay=2`);
  await viewer.sees({ state: "shut", gate: "locked", mode: "replay" });
  await viewer.page.context().close();
});

test("the beacon tells of the picture, and of nobody", async () => {
  const viewer = await watch();
  await viewer.go();
  await viewer.sees({ state: "playing" });
  await viewer.plays(2);
  await viewer.page.goto("about:blank");
  const told = await until("a beacon", async () => gate.beacons?.at(-1), 20_000);
  assert.deepEqual(Object.keys(told).sort(), ["behind_ms", "engine", "errors", "first_frame_ms", "height", "last", "mode", "played_ms", "stall_ms", "stalls", "switches"]);
  assert.ok(told.first_frame_ms > 0 && told.played_ms > 1_000 && told.last);
  assert.ok(asked("/beacons").every(({ cookie }) => cookie === ""));
  await viewer.page.context().close();
});
