// A server in front of the night: it passes everything on, can sell what is free by encrypting it on the way, answers
// for keys and leases, and fails on command. For what a real gate cannot be made to do in time: faults and refusals.
import { createCipheriv, createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";

export const FIGHT = "01JAAAAAAAAAAAAAAAAAAAAAA2";

const hash = (text) => createHash("sha256").update(text).digest().subarray(0, 16);
const keyOf = (id) => hash(`key ${id}`);
const ivOf = (id) => hash(`iv ${id}`);

/** Starts it before the night at an address; a clockwork takes the place of the night's own picture, `real` leaves keys, places and beacons to the night. */
export async function startTollgate(night, { rotationMs = 10_000, clockwork = null, real = false } = {}) {
  const upstream = new URL(night);
  const gate = {
    url: "",
    rotationMs,
    /** Unix ms between which segments are sold. */
    sold: [],
    /** What the key endpoint says: `(id, take) => status or [status, code]`; 200 gives the key. */
    key: () => 200,
    lease: () => ({ lease: "held" }),
    /** Milliseconds before every answer; bytes a second of every answer, 0: as fast as can be. */
    delayMs: 0,
    rate: 0,
    /** Replays by name, addresses under the clockwork's folder. */
    replays: [],
    /** Fights as they are told, over the night's own. */
    fights: (fights) => fights,
    /** Paths that are not answered at all. */
    dead: () => false,
    /** What was asked, in order. */
    asked: [],
    keys: new Map(),
    /** Unix ms at which the newest segment listed so far ends. */
    edge: 0,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  /** Marks what is sold in a media playlist. */
  const sell = (text, at) => {
    if (!text.includes("#EXTINF")) return text;
    let now = "";
    let date = 0;
    const lines = [];
    let pending = [];
    for (const line of text.split("\n")) {
      if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) date = Date.parse(line.slice(25));
      if (line.startsWith("#EXTINF:")) {
        const id = gate.sold.some(([from, to]) => date >= from && date < to)
          ? `${FIGHT}-${(Math.floor(date / gate.rotationMs) * gate.rotationMs) / 1_000}`
          : "";
        if (id !== now) {
          const key = id ? `AES-128,URI="${gate.url}/api/v1/keys/${id}",IV=0x${ivOf(id).toString("hex")}` : "NONE";
          pending.push(`#EXT-X-KEY:METHOD=${key}`);
          now = id;
        }
        date += Number(/[\d.]+/.exec(line)[0]) * 1_000;
        gate.edge = Math.max(gate.edge, date);
      }
      pending.push(line);
      if (line !== "" && !line.startsWith("#")) {
        gate.keys.set(new URL(line, at).pathname, now);
        lines.push(...pending);
        pending = [];
      }
    }
    return [...lines, ...pending].join("\n");
  };

  const body = async (incoming) => Buffer.concat(await incoming.toArray());
  const send = async (answer, status, headers, bytes) => {
    answer.writeHead(status, { ...headers, "content-length": bytes.length });
    for (let at = 0; gate.rate > 0 && at < bytes.length; at += 8_192) {
      const piece = bytes.subarray(at, at + 8_192);
      await new Promise((done) => setTimeout(done, (piece.length * 1_000) / gate.rate));
      answer.write(piece);
    }
    answer.end(gate.rate > 0 ? undefined : bytes);
  };

  const json = (answer, status, what) => {
    const bytes = Buffer.from(JSON.stringify(what));
    return send(answer, status, { "content-type": "application/json", "cache-control": "no-store" }, bytes);
  };
  const own = async (asked, answer, path) => {
    // The night's own gate answers.
    if (real) return false;
    const key = /^\/api\/v1\/keys\/(.+)$/.exec(path);
    if (key) {
      const [status, code] = [gate.key(key[1])].flat();
      if (status === 200) {
        await send(answer, 200, { "content-type": "application/octet-stream", "cache-control": "no-store" }, keyOf(key[1]));
      } else await json(answer, status, { error: { code: code ?? "", message: "" } });
      return true;
    }
    if (path.endsWith("/lease")) {
      const said = gate.lease(JSON.parse(String(await body(asked))));
      if (typeof said === "number") await json(answer, said, { error: { code: "", message: "" } });
      else await json(answer, 200, { ttl_ms: 75_000, beat_ms: 3_000, devices: 2, rotation_ms: gate.rotationMs, pass: false, open: [1, 2], ...said });
      return true;
    }
    if (path === "/api/v1/beacons") {
      gate.beacons = [...(gate.beacons ?? []), JSON.parse(String(await body(asked)))];
      answer.writeHead(204).end();
      return true;
    }
    if (clockwork && path.startsWith("/media/clockwork/")) {
      const found = clockwork.at(path.slice(17));
      const headers = { "content-type": found?.type, "cache-control": `max-age=${found?.age}`, "access-control-allow-origin": "*" };
      if (!found) answer.writeHead(404).end();
      else await send(answer, 200, headers, seal(path, path.endsWith(".m3u8") ? Buffer.from(sell(String(found.bytes), gate.url + path)) : found.bytes));
      return true;
    }
    return false;
  };
  const seal = (path, bytes) => {
    const id = gate.keys.get(path);
    if (!id) return bytes;
    const cipher = createCipheriv("aes-128-cbc", keyOf(id), ivOf(id));
    return Buffer.concat([cipher.update(bytes), cipher.final()]);
  };
  /** The night as if it had the clockwork's picture. */
  const wind = (path, text) => {
    if (!clockwork) return text;
    const at = `${gate.url}/media/clockwork`;
    const playback = { master: `${at}/master.m3u8`, dvr: `${at}/dvr.m3u8`, replays: gate.replays.map(([name, file]) => ({ name, address: `${at}/${file}` })) };
    if (path.endsWith("/playback")) return JSON.stringify(playback);
    if (path.startsWith("/api/v1/events/")) {
      const event = JSON.parse(text);
      return JSON.stringify({ ...event, stream: "live", fights: event.fights && gate.fights(event.fights) });
    }
    const facts = (_, open, json, close) => `${open}${JSON.stringify({ ...JSON.parse(json), phase: "live", playback }).replaceAll("<", "\\u003c")}${close}`;
    return text.replace(/(<script[^>]*id="watch-facts">)(.*?)(<\/script>)/s, facts);
  };

  const server = createServer((asked, answer) => void serve(asked, answer).catch(() => asked.socket.destroy()));
  const serve = async (asked, answer) => {
    asked.on("error", () => undefined);
    const path = asked.url.split("?")[0];
    gate.asked.push({ method: asked.method, path, at: Date.now(), cookie: asked.headers.cookie ?? "" });
    if (gate.delayMs > 0) await new Promise((done) => setTimeout(done, gate.delayMs));
    if (gate.dead(path)) return asked.socket.destroy();
    if (await own(asked, answer, path)) return undefined;
    const headers = { ...asked.headers, host: upstream.host, "accept-encoding": "identity" };
    const outgoing = request({ host: upstream.hostname, port: upstream.port, path: asked.url, method: asked.method, headers });
    outgoing.on("error", () => asked.socket.destroy());
    outgoing.on("response", async (incoming) => {
      let bytes = await body(incoming).catch(() => Buffer.alloc(0));
      const type = incoming.headers["content-type"] ?? "";
      if (/html|json|mpegurl/.test(type)) {
        const text = String(bytes).replaceAll(night, gate.url).replaceAll(night.replace("http", "ws"), gate.url.replace("http", "ws"));
        bytes = Buffer.from(path.endsWith(".m3u8") ? sell(text, gate.url + asked.url) : incoming.statusCode === 200 ? wind(path, text) : text);
      }
      if (incoming.statusCode === 200) bytes = seal(path, bytes);
      const { "transfer-encoding": _, "content-length": __, ...kept } = incoming.headers;
      const policy = kept["content-security-policy"];
      if (policy) kept["content-security-policy"] = policy.replaceAll(night, gate.url);
      await send(answer, incoming.statusCode, kept, bytes).catch(() => asked.socket.destroy());
    });
    asked.pipe(outgoing);
    return undefined;
  };
  server.on("upgrade", (asked, socket, head) => {
    if (clockwork || gate.dead(asked.url)) return socket.destroy();
    const behind = connect(Number(upstream.port), upstream.hostname, () => {
      const lines = Object.entries({ ...asked.headers, host: upstream.host, origin: night }).map(([name, value]) => `${name}: ${value}`);
      behind.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      behind.write(head);
      socket.pipe(behind).pipe(socket);
    });
    for (const end of [socket, behind]) end.on("error", () => (socket.destroy(), behind.destroy()));
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  gate.url = `http://127.0.0.1:${server.address().port}`;
  return gate;
}
