// WebKit on Linux cannot be told to do without MSE (its driver's pages keep it whatever the flags say), and hls.js would
// always be taken. This door in front of a server takes MSE away before the page's own scripts run, as on an old iPhone.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';

const WITHOUT = '/without-mse.js';
// On GStreamer it also takes the place where it is in a live stream for the stream's end, and stops there; one that loops does
// not. (Apple's player knows that a live stream has no end.)
const SCRIPT = 'for (const name of ["MediaSource", "ManagedMediaSource", "WebKitMediaSource"]) delete globalThis[name];\n'
  + 'document.addEventListener("loadstart", ({ target }) => { target.loop = true; }, true);\n';

/** Starts it before the server at `url`; gives the address to open instead. */
export async function startWithoutMse(parts, url) {
  const upstream = new URL(url);
  let own = '';
  const turned = (headers) => ({
    ...headers, host: upstream.host, 'accept-encoding': 'identity', ...(headers.origin === own ? { origin: upstream.origin } : {}),
  });
  const server = createServer((asked, answer) => {
    asked.on('error', () => undefined);
    if (asked.url === WITHOUT) {
      answer.writeHead(200, { 'Content-Type': 'text/javascript' }).end(SCRIPT);
      return;
    }
    const behind = request({ host: upstream.hostname, port: upstream.port, path: asked.url, method: asked.method, headers: turned(asked.headers) });
    behind.on('error', () => asked.socket.destroy());
    behind.on('response', async (incoming) => {
      if (!/html/.test(incoming.headers['content-type'] ?? '')) {
        answer.writeHead(incoming.statusCode, incoming.headers);
        incoming.pipe(answer);
        return;
      }
      const text = String(Buffer.concat(await incoming.toArray())).replace('<head>', `<head><script src="${WITHOUT}"></script>`);
      const { 'transfer-encoding': _, 'content-length': __, ...kept } = incoming.headers;
      answer.writeHead(incoming.statusCode, kept).end(text);
    });
    asked.pipe(behind);
  });
  server.on('upgrade', (asked, socket, head) => {
    const behind = connect(Number(upstream.port), upstream.hostname, () => {
      const lines = Object.entries(turned(asked.headers)).map(([name, value]) => `${name}: ${value}`);
      behind.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      behind.write(head);
      socket.pipe(behind).pipe(socket);
    });
    for (const end of [socket, behind]) end.on('error', () => { socket.destroy(); behind.destroy(); });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  own = `http://127.0.0.1:${server.address().port}`;
  parts.onEnd(() => { server.closeAllConnections(); server.close(); });
  return own;
}
