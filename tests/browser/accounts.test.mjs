// Accounts as people use them: registering, signing in and out, a new password, devices, the language, the keyboard.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { SLUG, startNight, until } from "./server.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PASSWORD = "kuda nil terbang 77";
const SHOTS = process.env.SHOTS;

let night;
let browser;
before(async () => {
  night = await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

let numbers = 0;
/** A mobile number that nobody has. */
const newNumber = () => `0812 5550 ${String(1000 + (numbers += 1))}`;

/** Registers by the form, and is then where `next` leads. */
async function register(page, phone, { query = "", name = "Sari Dewi" } = {}) {
  await page.goto(`${night.url}/register${query}`);
  await page.fill("#name", name);
  await page.fill("#phone", phone);
  await page.fill("#password", PASSWORD);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/register"), page.click(".form .button")]);
}

async function send(page, selector = ".form .button") {
  await Promise.all([page.waitForEvent("load"), page.click(selector)]);
}

async function logIn(page, phone, password) {
  await page.fill("#phone", phone);
  await page.fill("#password", password);
  await send(page);
}

async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

/** Fails on anything axe finds, on words that spill out of the window, and on anything the page complained of. */
async function isSound(page, complaints, name) {
  await page.evaluate(() => document.fonts.ready);
  await shot(page, name);
  assert.equal(await page.locator("h1").count(), 1, name);
  const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(spill <= 0, `${name}: ${spill} px wider than the window`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
    [],
    name,
  );
  // Chromium calls every refused form an error of the network.
  assert.deepEqual(complaints.filter((text) => !/status of 4\d\d/.test(text)), [], name);
}

for (const [device, size] of [["phone", PHONE], ["desk", DESK]]) {
  for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
    describe(`${device} in ${language}`, () => {
      test("the pages of signing in are sound, also when something is wrong", async () => {
        const { page, complaints, close } = await open(browser, size);
        const name = (part) => `${device}-${language}-${part}`;
        for (const path of ["/login", "/register", "/reset", "/admin/login"]) {
          await page.goto(night.url + path + query);
          assert.equal(await page.getAttribute("html", "lang"), language);
          await isSound(page, complaints, name(path.slice(1).replace("/", "-")));
        }
        await page.goto(`${night.url}/register${query}`);
        await page.fill("#name", "Sari");
        await page.fill("#phone", "021-5551234");
        await page.fill("#password", PASSWORD);
        await send(page);
        assert.equal(await page.evaluate(() => document.activeElement.id), "phone");
        assert.equal(await page.inputValue("#phone"), "021-5551234");
        assert.equal(await page.inputValue("#password"), "");
        assert.equal(await page.getAttribute("#phone", "aria-describedby"), "phone-error phone-hint");
        await isSound(page, complaints, name("register-wrong"));
        await close();
      });

      test("the account's page is sound, and the corner of every page tells who is in", async () => {
        const { page, complaints, close } = await open(browser, size);
        await register(page, newNumber(), { query });
        await page.goto(`${night.url}/account`);
        assert.equal(await page.getAttribute("html", "lang"), language, "the account has the language it was made in");
        await isSound(page, complaints, `${device}-${language}-account`);
        await page.click("summary");
        await page.fill("#password", "something else");
        await page.fill("#word", language === "id" ? "HAPUS" : "DELETE");
        await send(page, "details .button");
        assert.equal(await page.evaluate(() => document.activeElement.id), "password");
        await isSound(page, complaints, `${device}-${language}-account-wrong`);
        for (const path of ["/", `/events/${SLUG}`, `/watch/${SLUG}`]) {
          await page.goto(night.url + path);
          assert.equal(await page.innerText(".corner-name > span:last-child"), "Sari Dewi");
          assert.match(await page.innerText(".coin-balance"), /0$/);
          await isSound(page, complaints, `${device}-${language}-in${path.replaceAll("/", "-")}`);
        }
        await close();
      });
    });
  }
}

test("whoever registers, leaves and comes back is where they were going", async () => {
  const { page, close } = await open(browser, PHONE);
  const phone = newNumber();
  await page.goto(`${night.url}/watch/${SLUG}`);
  await page.click(".corner-register");
  await page.fill("#name", "Sari Dewi");
  await page.fill("#phone", phone);
  await page.fill("#password", PASSWORD);
  await send(page);
  assert.equal(new URL(page.url()).pathname, `/watch/${SLUG}`);
  await page.click(".corner-name");
  await page.waitForURL("**/account");
  await send(page, ".own-head .button");
  assert.equal(new URL(page.url()).pathname, "/");
  await page.goto(`${night.url}/account`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await logIn(page, phone, "something else");
  assert.equal(await page.innerText("#password-error"), "Nomor atau kata sandi salah.");
  assert.equal(await page.evaluate(() => document.activeElement.id), "password");
  await page.fill("#password", PASSWORD);
  await send(page);
  assert.equal(new URL(page.url()).pathname, "/account");
  assert.equal(await page.innerText("h1"), "SARI DEWI");
  await close();
});

test("a forgotten password is made anew by the code that was sent, and other devices are out", async () => {
  const [first, second] = [await open(browser, DESK), await open(browser, PHONE)];
  const phone = newNumber();
  await register(first.page, phone);
  const { page } = second;
  await page.goto(`${night.url}/login`);
  await page.click(".form-side a");
  await page.fill("#phone", phone);
  await send(page);
  const digits = phone.replaceAll(" ", "").replace(/^0/, "+62");
  const line = await until("the code is printed", async () =>
    night.log.join("").split("\n").find((text) => text.startsWith(`message to ${digits}: `)),
  );
  const [code] = /\b\d{6}\b/.exec(line.slice(line.indexOf(": ")));
  await page.fill("#code", code === "000000" ? "000001" : "000000");
  await page.fill("#password", "singa laut berenang 12");
  await send(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), "code");
  await page.fill("#code", code);
  await page.fill("#password", "singa laut berenang 12");
  await send(page);
  assert.equal(new URL(page.url()).pathname, "/account");
  assert.match(await page.innerText(".notice"), /sudah diganti/);
  await first.page.goto(`${night.url}/account`);
  assert.equal(new URL(first.page.url()).pathname, "/login");
  await first.close();
  await second.close();
});

test("devices are seen and sent out, one or all others", async () => {
  const opened = [await open(browser, DESK), await open(browser, PHONE), await open(browser, PHONE)];
  const [own, ...others] = opened.map(({ page }) => page);
  const phone = newNumber();
  await register(own, phone);
  for (const page of others) {
    await page.goto(`${night.url}/login`);
    await logIn(page, phone, PASSWORD);
  }
  await own.goto(`${night.url}/account`);
  assert.equal(await own.locator(".device").count(), 3);
  assert.equal(await own.locator(".device-current").count(), 1);
  await shot(own, "desk-id-devices");
  await send(own, ".device .link-button >> nth=0");
  assert.equal(await own.locator(".device").count(), 2);
  await send(own, "#devices > div > form .button");
  assert.equal(await own.locator(".device").count(), 1);
  for (const page of others) {
    await page.goto(`${night.url}/account`);
    assert.equal(new URL(page.url()).pathname, "/login");
  }
  for (const { close } of opened) await close();
});

test("everything can be done by the keyboard, and a password can be looked at", async () => {
  const { page, close } = await open(browser, DESK);
  await page.goto(`${night.url}/register`);
  const press = async (key, times = 1) => {
    for (let at = 0; at < times; at += 1) await page.keyboard.press(key);
  };
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
  await page.focus("#name");
  await page.keyboard.type("Sari Dewi");
  await press("Tab");
  assert.equal(await focused(), "phone");
  await page.keyboard.type(newNumber());
  await press("Tab");
  assert.equal(await focused(), "password");
  await page.keyboard.type(PASSWORD);
  await press("Tab");
  assert.equal(await focused(), "reveal");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Tampilkan kata sandi");
  await press("Space");
  assert.equal(await page.getAttribute("#password", "type"), "text");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Sembunyikan kata sandi");
  await press("Space");
  assert.equal(await page.getAttribute("#password", "type"), "password");
  await press("Shift+Tab");
  await Promise.all([page.waitForURL(`${night.url}/`), press("Enter")]);
  await page.goto(`${night.url}/account`);
  for (const selector of [".own-head .button", "#name", "#current", "summary", "input[type=radio]:checked"]) {
    await page.focus(selector);
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(ring, "none", selector);
  }
  await page.focus("input[type=radio]:checked");
  await press("ArrowDown");
  await press("Tab");
  await Promise.all([page.waitForEvent("load"), press("Enter")]);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await close();
});

test("forms work before any script has run", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, ...PHONE });
  const page = await context.newPage();
  await register(page, newNumber());
  await page.goto(`${night.url}/account`);
  await page.fill("#name", "Dewi Sari");
  await send(page, "section:has(#name) .button");
  assert.equal(await page.innerText("h1"), "DEWI SARI");
  assert.equal(await page.innerText(".notice"), "Nama sudah diganti.");
  await context.close();
});

test("a form of an older page says so and leads back to it", async () => {
  const { page, close } = await open(browser, PHONE);
  await page.goto(`${night.url}/login?next=%2Faccount`);
  await page.context().clearCookies();
  await logIn(page, newNumber(), PASSWORD);
  assert.match(await page.innerText("h1"), /sudah lama dibuka/i);
  await shot(page, "phone-id-stale");
  await page.click(".problem .button");
  await page.waitForURL("**/login?next=%2Faccount");
  await close();
});
