// Buying coins as people do: on a phone, with a network that comes and goes, and by keyboard on a desk.
// SHOTS=DIR keeps a picture of every page.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DESK, PHONE, launch, open } from "./browser.mjs";
import { SLUG, startNight, until } from "./server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let night;
let browser;
let people = 0;
before(async () => {
  night = await startNight();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await night?.stop();
});

/** A browser with somebody new signed in. */
async function viewer(size, lang = "") {
  const opened = await open(browser, size);
  people += 1;
  const phone = `0812${String(7_000_000 + people).padStart(8, "0")}`;
  const data = { phone, password: "kuda-nil terbang 77", name: `Rani ${people}` };
  const answer = await opened.page.request.post(`${night.url}/api/v1/register`, { data });
  assert.equal(answer.status(), 201, await answer.text());
  return { ...opened, phone, lang, coins: () => coinsOf(opened.page) };
}

const coinsOf = async (page) => (await (await page.request.get(`${night.url}/api/v1/me`)).json()).coins;
const ordersOf = async (page) => (await (await page.request.get(`${night.url}/api/v1/coin-orders`)).json()).orders;
const standing = (page, wanted) =>
  page.waitForFunction((is) => document.querySelector("[data-order]")?.dataset.standing === is, wanted, { timeout: 20_000 });
const mark = (page) => page.evaluate(() => { window.sameLoad = true; });
const marked = (page) => page.evaluate(() => window.sameLoad === true);

async function look(page, name) {
  await page.evaluate(() => document.fonts.ready);
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(spill <= 0, `${name}: ${spill} px wider than the window`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${name} ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`), []);
}

/** Buys the package of `coins` coins: from the shop to the order's page. */
async function order(page, coins, from = "/coins") {
  await page.goto(night.url + from);
  await page.getByRole("button", { name: new RegExp(`(Beli|Buy) ${coins} `) }).click();
  await page.waitForURL("**/orders/BH*");
  await standing(page, "waiting");
}

/** From the order's page to the pay page, and presses a button there. */
async function press(page, name) {
  await page.locator(".order-pay").click();
  await page.waitForURL("**/sandbox/pay/**");
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForURL("**/sandbox/pay/**");
}

const back = (page) => page.getByRole("link", { name: /Kembali ke toko|Back to the shop/ }).click();

for (const [name, size] of [["phone", PHONE], ["desk", DESK]]) {
  for (const [language, query] of [["id", ""], ["en", "?lang=en"]]) {
    test(`coins are bought on a ${name} in ${language}, and every page on the way is fit to be seen`, async () => {
      const shot = (page, of) => look(page, `${name}-${language}-${of}`);
      const stranger = await open(browser, size);
      await stranger.page.goto(`${night.url}/coins${query}`);
      assert.equal(await stranger.page.getAttribute("html", "lang"), language);
      await shot(stranger.page, "coins-signed-out");
      await stranger.close();

      const { page, complaints, coins, close } = await viewer(size);
      // The provider's page speaks the account's language.
      const chosen = await page.request.post(`${night.url}/api/v1/account/locale`, { data: { locale: language } });
      assert.equal(chosen.ok(), true);
      const next = encodeURIComponent(`/events/${SLUG}`);
      const extra = query ? "&lang=en" : "";
      await page.goto(`${night.url}/account/history${query}`);
      await shot(page, "history-empty");
      await page.goto(`${night.url}/coins?next=${next}${extra}`);
      await shot(page, "coins");
      await page.getByRole("button", { name: / 105 / }).click();
      await page.waitForURL("**/orders/BH*");
      assert.match(await page.locator(".order-amount").innerText(), /^Rp\u00a0100\.000$/);
      await page.waitForFunction(() => /\d\d:\d\d/.test(document.querySelector("[data-clock]")?.textContent ?? ""));
      await shot(page, "order-waiting");
      const waiting = page.url();
      await page.locator(".order-pay").click();
      await page.waitForURL("**/sandbox/pay/**");
      assert.equal(await page.getAttribute("html", "lang"), language);
      await shot(page, "sandbox-open");
      await page.locator("button[value=pay]").click();
      await page.locator(".bill-status[data-status=SUCCESS]").waitFor();
      await shot(page, "sandbox-paid");
      await page.goto(waiting);
      await standing(page, "paid");
      await shot(page, "order-paid");
      const receipt = await page.locator(".receipt").innerText();
      for (const part of [/Rp\u00a0100\.000/, /QRIS/, /BH[0-9A-Z]{26}/, /Rani/, /WIB/, /\d{12}/]) assert.match(receipt, part);
      assert.equal(await coins(), 105);
      await page.locator(".order-actions .button-hot").click();
      await page.waitForURL(`**/events/${SLUG}*`);
      await page.goto(`${night.url}/account/history${query}`);
      await shot(page, "history");
      await page.goto(`${night.url}/account/orders${query}`);
      await shot(page, "orders");
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

describe("what happens to a payment", () => {
  test("one try fails and the next succeeds", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await press(page, "Gagal");
    await back(page);
    await standing(page, "waiting");
    assert.equal(await coins(), 0);
    await press(page, "Bayar");
    await back(page);
    await standing(page, "paid");
    assert.equal(await coins(), 50);
    await close();
  });

  test("what is paid after it expired arrives, and is told so", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await press(page, "Biarkan kedaluwarsa");
    await look(page, "phone-id-sandbox-expired");
    await back(page);
    await standing(page, "expired");
    await look(page, "phone-id-order-expired");
    assert.equal(await coins(), 0);
    await page.goBack();
    await page.getByRole("button", { name: "Bayar terlambat", exact: true }).click();
    await page.locator(".bill-status[data-status=SUCCESS]").waitFor();
    await back(page);
    await standing(page, "paid");
    assert.ok(await page.getByText("Pembayaran diterima setelah waktunya lewat").isVisible());
    assert.equal(await coins(), 50);
    await close();
  });

  test("what is paid twice is credited once", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await press(page, "Bayar dua kali");
    await page.getByRole("button", { name: "Kabari lagi", exact: true }).click();
    await page.locator(".bill-status[data-status=SUCCESS]").waitFor();
    await back(page);
    await standing(page, "paid");
    assert.equal(await coins(), 50);
    await close();
  });

  test("a wrong amount credits nothing, and the right one afterwards does", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await press(page, "Bayar kurang");
    await look(page, "phone-id-sandbox-wrong");
    await back(page);
    await standing(page, "waiting");
    assert.equal(await coins(), 0);
    await press(page, "Bayar");
    await back(page);
    await standing(page, "paid");
    assert.equal(await coins(), 50);
    await close();
  });

  test("money that is returned takes the coins back", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await press(page, "Bayar");
    await page.getByRole("button", { name: "Kembalikan uang", exact: true }).click();
    await page.locator(".bill-status[data-status=REFUNDED]").waitFor();
    await back(page);
    await standing(page, "paid");
    await look(page, "phone-id-order-refunded");
    assert.equal(await coins(), 0);
    await close();
  });

  test("a payment whose notice was lost is found by looking again", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await mark(page);
    const pay = await page.locator(".order-pay").getAttribute("href");
    // Nothing yet: it says so, and then that it was asked just now.
    await page.getByRole("button", { name: "Sudah bayar? Cek ulang" }).click();
    await page.getByText("Belum ada pembayaran yang kami terima").first().waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Sudah bayar? Cek ulang" }).click();
    await page.getByText(/Baru saja dicek\. Coba lagi dalam \d+ detik/).first().waitFor({ state: "attached" });
    await look(page, "phone-id-order-checked");
    const other = await page.context().newPage();
    await other.goto(pay);
    await other.getByRole("button", { name: "Bayar tanpa kabar", exact: true }).click();
    await other.locator(".bill-status[data-status=SUCCESS]").waitFor();
    await other.close();
    await page.waitForFunction(() => !document.querySelector("[data-recheck] button[aria-disabled]"), null, { timeout: 60_000 });
    await page.getByRole("button", { name: "Sudah bayar? Cek ulang" }).click();
    await standing(page, "paid");
    assert.ok(await marked(page));
    assert.equal(await coins(), 50);
    await close();
  });
});

describe("on a bad network", () => {
  test("who pays in another app and comes back sees it without doing anything", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await mark(page);
    const pay = await page.locator(".order-pay").getAttribute("href");
    const other = await page.context().newPage();
    await other.goto(pay);
    await other.getByRole("button", { name: "Bayar", exact: true }).click();
    await other.locator(".bill-status[data-status=SUCCESS]").waitFor();
    await other.close();
    await page.bringToFront();
    await standing(page, "paid");
    assert.ok(await marked(page));
    assert.equal(await page.locator(".coin-balance").innerText().then((text) => /50$/.test(text.trim())), true);
    assert.equal(await coins(), 50);
    await close();
  });

  test("the page stays while there is no network, says so, and goes on when it is back", async () => {
    const { page, coins, close } = await viewer(PHONE);
    await order(page, 50);
    await mark(page);
    const pay = await page.locator(".order-pay").getAttribute("href");
    await page.context().setOffline(true);
    await page.locator("[data-offline-note]").waitFor({ timeout: 30_000 });
    await look(page, "phone-id-order-offline");
    // The payment itself happens elsewhere.
    const elsewhere = await open(browser, PHONE);
    await elsewhere.page.goto(pay);
    await elsewhere.page.getByRole("button", { name: "Bayar", exact: true }).click();
    await elsewhere.page.locator(".bill-status[data-status=SUCCESS]").waitFor();
    await elsewhere.close();
    await page.context().setOffline(false);
    await standing(page, "paid");
    assert.ok(await marked(page));
    assert.equal(await page.locator("[data-offline-note]").count(), 0);
    assert.equal(await coins(), 50);
    await close();
  });
});

describe("one press, one order", () => {
  test("a double click on buy makes one order", async () => {
    const { page, close } = await viewer(PHONE);
    await page.goto(`${night.url}/coins`);
    await page.getByRole("button", { name: /Beli 50 / }).dblclick();
    await page.waitForURL("**/orders/BH*");
    assert.equal((await ordersOf(page)).length, 1);
    await close();
  });

  test("the same form sent twice without scripts makes one order, and everything works without them", async () => {
    const signed = await viewer(PHONE);
    const state = await signed.page.context().storageState();
    const context = await browser.newContext({ ...PHONE, javaScriptEnabled: false, storageState: state });
    const page = await context.newPage();
    await page.goto(`${night.url}/coins`);
    await page.getByRole("button", { name: /Beli 50 / }).click();
    await page.waitForURL("**/orders/BH*");
    const first = page.url();
    await page.goBack();
    await page.getByRole("button", { name: /Beli 50 / }).click();
    await page.waitForURL("**/orders/BH*");
    assert.ok((await ordersOf(page)).length <= 2);
    await page.goto(first);
    assert.match(await page.content(), /<noscript><meta http-equiv="refresh" content="20;url=\/orders\/BH/);
    await page.getByRole("button", { name: "Sudah bayar? Cek ulang" }).click();
    await page.locator("[data-said]", { hasText: "Belum ada pembayaran" }).waitFor();
    await page.getByRole("button", { name: "Sudah bayar? Cek ulang" }).click();
    await page.locator("[data-said]", { hasText: "Baru saja dicek" }).waitFor();
    await page.locator(".order-pay").click();
    await page.getByRole("button", { name: "Bayar", exact: true }).click();
    await back(page);
    assert.ok(await page.locator(".receipt").isVisible());
    await context.close();
    await signed.close();
  });
});

test("a payment by keyboard alone", async () => {
  const { page, coins, close } = await viewer(DESK);
  await page.goto(`${night.url}/coins`);
  const reach = async (selector) => {
    for (let at = 0; at < 40; at += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
        const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(ring, "none", selector);
        return;
      }
    }
    assert.fail(`${selector} is not reached`);
  };
  await reach(".coin-package button");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/orders/BH*");
  await standing(page, "waiting");
  await reach(".order-pay");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sandbox/pay/**");
  await reach("input[name=channel]");
  await page.keyboard.press("ArrowRight");
  await reach("button[value=pay]");
  await page.keyboard.press("Enter");
  await page.locator(".bill-status[data-status=SUCCESS]").waitFor();
  await reach(".back");
  await page.keyboard.press("Enter");
  await standing(page, "paid");
  assert.match(await page.locator(".receipt").innerText(), /Virtual account BCA/);
  assert.equal(await coins(), 50);
  await close();
});

test("the receipt prints alone, black on white", async () => {
  const { page, close } = await viewer(DESK);
  await order(page, 50);
  await press(page, "Bayar");
  await back(page);
  await standing(page, "paid");
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.locator(".receipt").isVisible());
  assert.equal(await page.locator(".site-head").isVisible(), false);
  if (shots) await page.screenshot({ path: join(shots, "desk-id-print.png") });
  await close();
});

test("the history is a file that spreadsheets open", async () => {
  const { page, close } = await viewer(DESK);
  await order(page, 50);
  await press(page, "Bayar");
  await until("the coins are there", async () => (await coinsOf(page)) === 50);
  const answer = await page.request.get(`${night.url}/account/history.csv`);
  assert.match(answer.headers()["content-disposition"], /^attachment; filename="bakuhantam-koin-\d{4}-\d\d-\d\d\.csv"$/);
  const text = await answer.text();
  assert.match(text, /^\ufeffNomor,Waktu,Jenis,Keterangan,Koin,Saldo,Referensi\r\n1,[^,]+\+07:00,Beli koin,[^,]*,50,50,BH[0-9A-Z]{26}\r\n$/);
  await close();
});
