// As much of WebDriver as the tests of WebKit need.
import { get, freePort, startDisplay, until } from './parts.mjs';

const MINI_BROWSERS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((machine) =>
  ['4.1', '4.0'].map((version) => `/usr/lib/${machine}/webkit2gtk-${version}/MiniBrowser`));

/** WebKit with a page; `run` runs a function's text in it and gives what it returns. */
export async function startWebKit(parts, exists, flags = []) {
  const display = await startDisplay(parts);
  const port = await freePort();
  const env = { ...display, WEBKIT_GST_ENABLE_HLS_SUPPORT: '1', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };
  const driver = parts.start('WebKitWebDriver', 'WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], { env });
  const call = async (method, path, body) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await get(`http://127.0.0.1:${port}${path}`, { method, body: text, headers: text ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } : {} });
    const { value } = JSON.parse(answer.body);
    if (answer.status !== 200) throw new Error(`${path}: ${value.error}: ${value.message}\n${driver.log.slice(-2_000)}`);
    return value;
  };
  await until('WebKitWebDriver answers', 20_000, async () => (await call('GET', '/status')) ?? true);
  const binary = MINI_BROWSERS.find(exists);
  const options = { 'webkitgtk:browserOptions': { binary, args: ['--automation', '--autoplay-policy=allow', ...flags] } };
  const { sessionId, capabilities } = await call('POST', '/session', { capabilities: { alwaysMatch: options } });
  const session = `/session/${sessionId}`;
  return {
    capabilities,
    addCookie: (cookie) => call('POST', `${session}/cookie`, { cookie }),
    goto: (url) => call('POST', `${session}/url`, { url }),
    run: (script, ...args) => call('POST', `${session}/execute/sync`, { script: `return (${script})(...arguments)`, args }),
    shot: async () => Buffer.from(await call('GET', `${session}/screenshot`), 'base64'),
    close: () => call('DELETE', session),
  };
}
