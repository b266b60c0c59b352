// A real night for the browser tests: the built binary, a temporary folder, FFmpeg as the camera.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const BINARY = process.env.BAKUHANTAM_BIN ?? join(root, "target/debug/bakuhantam");
const KEY = "browser-tests-key-0001";

export const SLUG = "island-fight";

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Waits until `check` gives something, or says what was waited for. */
export async function until(what, check, deadlineMs = 20_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await check().catch(() => null);
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const night = (startsAt, status) => `
[[coin_packages]]
code = "p50"
coins = 50
price_idr = 50000
[[coin_packages]]
code = "p100"
coins = 100
bonus_coins = 5
price_idr = 100000
[[coin_packages]]
code = "p250"
coins = 250
bonus_coins = 20
price_idr = 250000

[[events]]
slug = "${SLUG}"
title = "Island Fight"
starts_at = "${startsAt}"
pass_price_coins = 90
stream_key = "${KEY}"
status = "${status}"
  [[events.fights]]
  number = 1
  red = "Made Wirawan"
  blue = "Jefri Siregar"
  title = "Lightweight"
  price_coins = 0
  [[events.fights]]
  number = 2
  red = "Ari Wijaya"
  blue = "Budi Santoso"
  title = "Bantamweight"
  price_coins = 30
  [[events.fights]]
  number = 3
  red = "Komang Suardana"
  blue = "Rizky Ramadhan"
  title = "Welterweight"
  price_coins = 50
  [[events.milestones]]
  coins = 1000
  title = "Ronde tambahan"
  [[events.polls]]
  code = "winner"
  question = "Siapa menang?"
  options = ["Ari", "Budi"]
  coins_per_vote = 1
  max_votes_per_viewer = 100
  status = "open"

[[events]]
slug = "secret-night"
title = "Secret Night"
starts_at = "${startsAt}"
stream_key = "${KEY}-draft"
status = "draft"
`;

const config = (port, door, front) => `
[server]
listen = "127.0.0.1:${port}"
public_url = "${front ?? `http://127.0.0.1:${port}`}"
[ingest]
enabled = true
listen = "127.0.0.1:${door}"
[encoder]
preset = "ultrafast"
`;

/** Starts the server with one published event that begins tomorrow and has no picture yet; `settings` are added to its own.
 * `front`: makes what stands before it on the way from browsers, and tells its address. */
export async function startNight(settings = "", front = null) {
  const folder = await mkdtemp(join(tmpdir(), "bakuhantam-browser-"));
  const [port, door] = [await freePort(), await freePort()];
  const file = join(folder, "bakuhantam.toml");
  await writeFile(file, config(port, door, await front?.(port)) + settings);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
  await writeFile(join(folder, "night.toml"), night(tomorrow, "published"));
  const run = (...words) => promisify(execFile)(BINARY, [...words, "--config", file], { cwd: folder });
  await run("migrate", "up");
  await run("apply", join(folder, "night.toml"));
  const log = [];
  const url = `http://127.0.0.1:${port}`;
  let server;
  const start = async () => {
    server = spawn(BINARY, ["serve", "--config", file], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => log.push(String(text)));
    await until("the server answers", async () => (await fetch(`${url}/health`)).ok);
  };
  await start();
  const cameras = new Set();

  const stopCamera = async (camera, signal = "SIGTERM") => {
    if (camera.exitCode !== null || camera.signalCode !== null) return;
    camera.kill(signal);
    await once(camera, "exit");
  };
  return {
    url,
    run,
    log,
    /** Points a camera at the door; its picture is a test pattern with a tone, or an H.264 file. */
    publish({ picture } = {}) {
      const pattern = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30"];
      const shown = picture ? ["-r", "30", "-f", "h264", "-i", picture] : pattern;
      const input = ["-re", ...shown, "-f", "lavfi", "-i", "sine=f=440:r=48000"];
      const output = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60", "-b:v", "1500k"];
      const target = ["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", `rtmp://127.0.0.1:${door}/live/${KEY}`];
      const camera = spawn("ffmpeg", ["-hide_banner", "-loglevel", "error", ...input, ...output, ...target], {
        stdio: "ignore",
      });
      cameras.add(camera);
      return { kill: () => stopCamera(camera, "SIGKILL") };
    },
    /** Ends the server by a signal and starts it again. */
    async restart(signal) {
      server.kill(signal);
      await once(server, "exit");
      await start();
    },
    /** The event as the API tells it. */
    state: async () => (await fetch(`${url}/api/v1/events/${SLUG}`)).json(),
    async stop() {
      for (const camera of cameras) await stopCamera(camera, "SIGKILL");
      server.kill("SIGTERM");
      if (server.exitCode === null) await once(server, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
