// People of the browser tests: accounts with coins, on as many devices as they like.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { open } from "./browser.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PASSWORD = "kuda-nil terbang 77";
let people = 0;

/** Somebody new: `device(size)` opens a page of theirs, each with a session of its own. */
export async function newcomer(night, browser, coins) {
  people += 1;
  const [phone, name] = [`0813${String(people).padStart(8, "0")}`, `Penonton ${people}`];
  const post = (path, body) =>
    fetch(night.url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const cookieOf = (answer) => answer.headers.getSetCookie().find((line) => line.startsWith("bh_session=")).split(";")[0];
  const registered = await post("/api/v1/register", { phone, password: PASSWORD, name });
  assert.equal(registered.status, 201, await registered.clone().text());
  const cookie = cookieOf(registered);
  const grant = (more) => night.run("coins", "grant", "--phone", phone, "--coins", String(more), "--reason", "test");
  if (coins > 0) await grant(coins);
  const get = async (path) => (await fetch(night.url + path, { headers: { cookie } })).json();
  const me = await get("/api/v1/me");
  return {
    name,
    phone,
    cookie,
    grant,
    handle: `${name} · ${me.id.slice(-6)}`,
    coins: async () => (await get("/api/v1/me")).coins,
    /** Buys behind the page's back, as another tab would. */
    unlock: async (fight) =>
      fetch(`${night.url}/api/v1/fights/${fight}/unlock`, {
        method: "POST",
        headers: { cookie, "content-type": "application/json", "idempotency-key": `k${people}${Math.random()}` },
        body: "{}",
      }),
    async device(size, prepare) {
      const answer = await post("/api/v1/login", { phone, password: PASSWORD });
      assert.equal(answer.status, 200);
      const [key, value] = cookieOf(answer).split("=");
      const opened = await open(browser, size, prepare);
      await opened.page.context().addCookies([{ name: key, value, url: night.url }]);
      return opened;
    },
  };
}

/** No violation of axe's, nothing wider than the window; with SHOTS a picture. */
export async function fits(page, name) {
  await page.evaluate(() => document.fonts.ready);
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
  const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(spill <= 0, `${name}: ${spill} px wider than the window`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = violations.map(({ id, nodes }) => `${name} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(told, []);
}

export const inState = (page, state, timeout = 30_000) =>
  page.waitForFunction((wanted) => document.getElementById("player")?.dataset.state === wanted, state, { timeout });

export const moved = async (page, seconds) => {
  const from = await page.evaluate(() => document.querySelector("#player video").currentTime);
  await page.waitForFunction(([at, by]) => document.querySelector("#player video").currentTime > at + by, [from, seconds], { timeout: 60_000 });
};

/** A page is never loaded again: a mark on its window stays. */
export const mark = (page) => page.evaluate(() => { window.sameLoad = true; });
export const marked = (page) => page.evaluate(() => window.sameLoad === true);
