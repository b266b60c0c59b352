// The real parts of the long tests: SeaweedFS, an origin log, an nginx cache, the server, publishers and readers.
// Everything listens on loopback, lives in a temporary folder and is ended by the id of the process started here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Where a screenshot goes: into the folder SHOTS names, else among the parts. */
export function shot(parts, name) {
  const folder = process.env.SHOTS ?? join(parts.folder, 'shots');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}

/** Ends every part in reverse order of its start. */
export class Parts {
  #ends = [];
  folder = mkdtempSync(join(tmpdir(), 'bakuhantam-long-'));
  constructor() {
    chmodSync(this.folder, 0o755);
    this.onEnd(() => process.env.KEEP ? console.log(`kept: ${this.folder}`) : rmSync(this.folder, { recursive: true, force: true }));
  }
  onEnd(end) { this.#ends.push(end); }
  async end() {
    for (const end of this.#ends.reverse()) await end();
    this.#ends = [];
  }

  /** Starts a program; the end of its output is kept in `log`. */
  start(name, program, args, options = {}) {
    // A test that is killed takes its programs with it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    child.log = '';
    for (const out of [child.stdout, child.stderr]) out?.on('data', (text) => { child.log = (child.log + text).slice(-4_000_000); });
    child.on('error', (error) => { child.log += `\n${program}: ${error.message}`; });
    const ended = new Promise((done) => child.on('exit', (code, signal) => { child.ended = code ?? signal; done(child.ended); }));
    child.wait = () => ended;
    child.stop = async (signal = 'SIGTERM', within = 15_000) => {
      if (child.ended !== undefined || child.pid === undefined) return child.ended;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), within);
      const code = await ended;
      clearTimeout(timer);
      return code;
    };
    this.onEnd(() => child.stop(options.endBy ?? 'SIGTERM', 3_000));
    return child;
  }
}

export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until `check` gives something true; fails after `ms`. */
export async function until(what, ms, check) {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await check().catch(() => undefined);
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(50);
  }
}

/**
 * Waits until a player that `ask` tells of (`rate`, `time`) has caught up with the edge: until then it plays a little
 * faster, on purpose. Its rate is 1 for four seconds of play, since it is so for a moment before it begins to catch up.
 */
export async function untilCaughtUp(ask, ms = 60_000) {
  let since;
  return until('the player has caught up with the edge', ms, async () => {
    const now = await ask();
    if (now.rate !== 1 || (since && now.time < since.time)) since = undefined;
    else since ??= now;
    return since && now.time - since.time >= 4 ? now : undefined;
  });
}

export function get(url, options = {}) {
  return new Promise((done, fail) => {
    const request = http.request(url, { method: 'GET', ...options }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
      answer.on('error', fail);
    });
    request.on('error', fail);
    request.setTimeout(20_000, () => request.destroy(new Error(`no answer: ${url}`)));
    request.end(options.body);
  });
}

const KEY = 'long-test';
const SECRET = 'not-a-secret-anywhere-else';

/** A request signed by AWS Signature 4, only as much of it as making a bucket needs. */
async function makeBucket(port, bucket) {
  const host = `127.0.0.1:${port}`;
  const hash = createHash('sha256').update('').digest('hex');
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const day = date.slice(0, 8);
  const scope = `${day}/auto/s3/aws4_request`;
  const signed = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = `PUT\n/${bucket}\n\nhost:${host}\nx-amz-content-sha256:${hash}\nx-amz-date:${date}\n\n${signed}\n${hash}`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  let key = `AWS4${SECRET}`;
  for (const part of [day, 'auto', 's3', 'aws4_request', text]) key = createHmac('sha256', key).update(part).digest();
  const Authorization = `AWS4-HMAC-SHA256 Credential=${KEY}/${scope}, SignedHeaders=${signed}, Signature=${key.toString('hex')}`;
  const answer = await get(`http://${host}/${bucket}`, {
    method: 'PUT', headers: { 'x-amz-date': date, 'x-amz-content-sha256': hash, Authorization },
  });
  if (answer.status !== 200) throw new Error(`bucket: ${answer.status} ${answer.body}`);
}

/** SeaweedFS with one bucket that everyone may read. */
export async function startStore(parts) {
  const folder = join(parts.folder, 'weed');
  mkdirSync(folder);
  writeFileSync(join(folder, 's3.json'), JSON.stringify({ identities: [
    { name: 'test', credentials: [{ accessKey: KEY, secretKey: SECRET }], actions: ['Admin', 'Read', 'Write', 'List'] },
    { name: 'anonymous', actions: ['Read'] },
  ] }));
  const port = await freePort();
  const args = ['-logtostderr=true', 'server', '-dir=.', '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-master.telemetry=false',
    '-master.volumeSizeLimitMB=256', '-volume.max=20', '-filer', '-s3', '-s3.config=s3.json', `-s3.port=${port}`];
  for (const name of ['master.port', 'master.port.grpc', 'volume.port', 'volume.port.grpc', 'filer.port', 'filer.port.grpc', 's3.port.grpc']) {
    args.push(`-${name}=${await freePort()}`);
  }
  const weed = process.env.WEED ?? 'weed';
  const child = parts.start('weed', weed, [...args, '-s3.port.iceberg=0', '-s3.port.lance=0'], { cwd: folder, endBy: 'SIGKILL' });
  await until('SeaweedFS answers', 60_000, async () => {
    if (child.ended !== undefined) throw new Error(child.log);
    return (await get(`http://127.0.0.1:${port}/`)).status;
  });
  await until('the bucket', 30_000, async () => { await makeBucket(port, 'night'); return true; });
  return { port, bucket: 'night', key: KEY, secret: SECRET, child };
}

/** A TCP proxy in front of the store: what lies between a server and its bucket, and can be cut. */
export async function startWire(parts, port) {
  const pairs = new Set();
  let cut = false;
  const server = net.createServer((near) => {
    near.on('error', () => near.destroy());
    if (cut) { near.destroy(); return; }
    const far = net.connect(port, '127.0.0.1');
    far.on('error', () => far.destroy());
    const pair = { end: () => { near.destroy(); far.destroy(); } };
    pairs.add(pair);
    near.on('close', () => { far.destroy(); pairs.delete(pair); });
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  parts.onEnd(() => { for (const pair of pairs) pair.end(); server.close(); });
  return {
    port: server.address().port,
    cut() { cut = true; for (const pair of pairs) pair.end(); },
    mend() { cut = false; },
  };
}

/** What a link takes in ahead of what it has carried. */
const QUEUE_MS = 150;

/** A narrow link to `port`: all connections together get `kbps`, and every answer comes `delayMs` later. */
export async function startNarrowLink(parts, port, { kbps, delayMs }) {
  const pairs = new Set();
  const perMs = kbps / 8;
  let freeAt = 0;
  const server = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    pairs.add(near);
    near.on('error', () => near.destroy()).on('close', () => { far.destroy(); pairs.delete(near); });
    near.pipe(far);
    // Each chunk leaves when the link has carried what came before it, and arrives after the delay. Reading stops while
    // the link has enough to carry: by what is not on its way yet, since a longer way does not make a link narrower.
    far.on('data', (bytes) => {
      const now = Date.now();
      freeAt = Math.max(freeAt, now) + bytes.length / perMs;
      setTimeout(() => { if (!near.destroyed) near.write(bytes); }, freeAt - now + delayMs);
      if (freeAt - now > QUEUE_MS) {
        far.pause();
        setTimeout(() => far.resume(), freeAt - now - QUEUE_MS);
      }
    });
    far.on('error', () => near.destroy());
    far.on('end', () => setTimeout(() => near.end(), Math.max(0, freeAt - Date.now()) + delayMs + 1));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  parts.onEnd(() => { for (const near of pairs) near.destroy(); server.close(); });
  return { port: server.address().port };
}

/** The shipped cache for a bucket by path, changed only where its comments say so. */
function shippedCache(store, origin, cdn, folder) {
  let text = readFileSync(join(root, 'deploy', 'nginx-cdn.conf'), 'utf8');
  const change = (from, to) => {
    if (!text.includes(from)) throw new Error(`deploy/nginx-cdn.conf has no "${from}" any more`);
    text = text.replaceAll(from, to);
  };
  change('server 127.0.0.1:8080;', `server 127.0.0.1:${origin};`);
  change('listen 8081;', `listen 127.0.0.1:${cdn};`);
  change('/var/cache/nginx/', `${folder}/`);
  change('proxy_pass http://bakuhantam_origin;', `rewrite ^/media/(.*) /${store.bucket}/$1 break;\n        proxy_pass http://bakuhantam_origin;`);
  change('access_log off;', `access_log ${folder}/cdn.log cdn;`);
  return text;
}

/**
 * nginx twice in one process: a logging origin in front of the store, and the shipped cache in front of that.
 * The publisher writes through the origin too, so that its log has every PUT and GET in order, playlists with their text.
 */
export async function startCdn(parts, store, storePort = store.port) {
  const folder = join(parts.folder, 'nginx');
  mkdirSync(folder);
  const [origin, cdn] = [await freePort(), await freePort()];
  writeFileSync(join(folder, 'cdn.conf'), shippedCache(store, origin, cdn, folder));
  const onward = `proxy_pass http://bucket; proxy_set_header Host $http_host; proxy_http_version 1.1; proxy_set_header Connection "";
      client_max_body_size 64m; client_body_buffer_size 8m; client_body_in_single_buffer on;`;
  writeFileSync(join(folder, 'nginx.conf'), `
daemon off; master_process off; error_log ${folder}/error.log warn; pid ${folder}/pid;
events { worker_connections 4096; }
http {
  log_format origin escape=json '{"at":$msec,"took":$request_time,"method":"$request_method","path":"$uri","status":$status,"body":"$playlist"}';
  log_format cdn escape=json '{"at":$msec,"took":$request_time,"method":"$request_method","path":"$request_uri","status":$status,"cache":"$upstream_cache_status"}';
  map $uri $playlist { "~\\.m3u8$" $request_body; default ""; }
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream bucket { server 127.0.0.1:${storePort} max_fails=0; keepalive 32; }
  server {
    listen 127.0.0.1:${origin}; access_log ${folder}/origin.log origin;
    location / { ${onward} }
  }
  include ${folder}/cdn.conf;
}`);
  const child = parts.start('nginx', 'nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')]);
  await until('nginx answers', 10_000, async () => {
    if (child.ended !== undefined) throw new Error(child.log + readFileSync(join(folder, 'error.log'), 'utf8'));
    return (await get(`http://127.0.0.1:${cdn}/none`)).status;
  });
  // A request's `at` is when its answer had been sent; its beginning is `took` seconds before.
  const read = (name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return {
    origin, cdn, child, url: `http://127.0.0.1:${cdn}/media`,
    originLog: () => read('origin.log'),
    cdnLog: () => read('cdn.log'),
    errors: () => readFileSync(join(folder, 'error.log'), 'utf8'),
  };
}

export const STREAM_KEY = 'kunci-siaran-panjang-2026';

/** The server with a night of one event, its door open. */
export async function startServer(parts, { toml = '', objects, slug = 'panjang', fights } = {}) {
  const folder = join(parts.folder, 'server');
  mkdirSync(folder, { recursive: true });
  const [port, door] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, 'bakuhantam.toml');
  writeFileSync(config, `[server]\nlisten = "127.0.0.1:${port}"\npublic_url = "${url}"\n[ingest]\nenabled = true\nlisten = "127.0.0.1:${door}"\n`
    + `[encoder]\npreset = "ultrafast"\n${objects ?? ''}\n${toml}`);
  writeFileSync(join(folder, 'night.toml'), `[[events]]\nslug = "${slug}"\ntitle = "Malam Panjang"\nstarts_at = "${new Date(Date.now() - 600_000).toISOString().replace(/\.\d+/, '')}"\n`
    + `stream_key = "${STREAM_KEY}"\nstatus = "published"\n[[events.fights]]\nnumber = 1\nred = "Ari Wijaya"\nblue = "Budi Santoso"\ntitle = "Kelas bantam"\nprice_coins = 0\n${fights ?? ''}`);
  const binary = process.env.BAKUHANTAM_BIN ?? join(root, 'target', 'debug', 'bakuhantam');
  const run = (...args) => {
    const done = spawnSync(binary, [...args, '--config', config], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`bakuhantam ${args.join(' ')}: ${done.status}\n${done.stdout}${done.stderr}`);
    return done.stdout;
  };
  const server = { url, port, door, folder, slug, run, binary, config, rtmp: `rtmp://127.0.0.1:${door}/live` };
  server.start = async (env = {}) => {
    server.child = parts.start('server', binary, ['serve', '--config', config], { env: { ...process.env, ...env } });
    await until('/health answers', 30_000, async () => {
      if (server.child.ended !== undefined) throw new Error(server.child.log);
      return (await get(`${url}/health`)).status === 200;
    });
  };
  run('migrate', 'up');
  run('apply', join(folder, 'night.toml'));
  await server.start();
  return server;
}

/** `[objects]` for the store, written through `port` and read by browsers at `publicUrl`. */
export function s3Section(store, port, publicUrl) {
  return `[objects]\nkind = "s3"\npublic_base_url = "${publicUrl}"\n[objects.s3]\nendpoint = "http://127.0.0.1:${port}"\n`
    + `bucket = "${store.bucket}"\naccess_key_id = "${store.key}"\nsecret_access_key = "${store.secret}"`;
}

/** FFmpeg's test picture with a beep a second, as OBS would send it. */
export function publish(parts, to, { seconds, size = '1280x720', format = 'flv', bitrate = '2500k', filter } = {}) {
  const args = ['-hide_banner', '-loglevel', 'warning', '-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30`,
    '-f', 'lavfi', '-i', 'sine=frequency=880:beep_factor=2:sample_rate=48000', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-tune', 'zerolatency', '-g', '60', '-b:v', bitrate, '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '128k', '-ac', '2'];
  if (filter) args.push('-vf', filter);
  if (seconds) args.push('-t', String(seconds));
  return parts.start('publisher', 'ffmpeg', [...args, '-f', format, to]);
}

/** A camera that calls again a second after it was cut off, as OBS does; until `over`. */
export function keepCalling(parts, to, options) {
  const calls = { resting: false };
  let over = false;
  const call = async () => {
    while (!over) {
      if (!calls.resting) {
        calls.camera = publish(parts, to, options);
        await calls.camera.wait();
      }
      await sleep(1_000);
    }
  };
  calls.over = async () => {
    over = true;
    await calls.camera?.stop();
  };
  /** Drops the connection and does not call until `back`. */
  calls.drop = async () => {
    calls.resting = true;
    await calls.camera?.stop('SIGKILL');
  };
  calls.back = () => { calls.resting = false; };
  parts.onEnd(calls.over);
  void call();
  return calls;
}

/** A screen nobody sees, for programs that need one; gives what goes into their environment. */
export async function startDisplay(parts) {
  const child = parts.start('Xvfb', 'Xvfb', ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']);
  const number = await until('Xvfb says its number', 15_000, async () => child.log.match(/^(\d+)\n/m)?.[1]);
  const home = mkdtempSync(join(parts.folder, 'home-'));
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  return { ...process.env, DISPLAY: `:${number}`, HOME: home, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: join(home, '.config'), LIBGL_ALWAYS_SOFTWARE: '1' };
}

/** `offline`, `live`, `interrupted` or `ended`. */
export async function state(server) {
  return JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}`)).body).stream;
}

/** Waits until the event's picture is live; gives its playback addresses. */
export async function untilLive(server, ms = 60_000) {
  return until('the picture is live', ms, async () => {
    if ((await state(server)) !== 'live') return undefined;
    const playback = JSON.parse((await get(`${server.url}/api/v1/events/${server.slug}/playback`)).body);
    return playback.master ? playback : undefined;
  });
}
