// A live stream without an encoder: segments made once, listed by the clock as if a camera filled them now. It takes no
// processor while it plays, so that what is measured is the player.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const SEGMENT_MS = 2_000;
const WINDOW = 6;
/** From the end of a segment in front of the camera to its place in the playlist. */
const LISTED_AFTER_MS = 300;
const PACKET = 188;

/** Rungs as the encoder's: name, bit/s on average and at most, size. */
const RUNGS = [
  ["360p", 796_000, 896_000, "640x360"],
  ["480p", 1_528_000, 1_728_000, "854x480"],
  ["720p", 3_128_000, 3_628_000, "1280x720"],
];

/** Makes `seconds` of stream, of which `backlog` seconds are in the past. */
export async function makeClockwork(seconds, backlog = 20) {
  const folder = await mkdtemp(join(tmpdir(), "bakuhantam-clockwork-"));
  const picture = ["-f", "lavfi", "-i", `testsrc2=s=192x108:r=10:d=${seconds}`, "-f", "lavfi", "-i", `sine=f=440:r=48000:d=${seconds}`];
  const coded = ["-c:v", "libx264", "-profile:v", "main", "-level", "3.1", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "20", "-keyint_min", "20", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k"];
  const cut = ["-f", "segment", "-segment_time", "2", "-segment_format", "mpegts", join(folder, "%05d.ts")];
  await promisify(execFile)("ffmpeg", ["-hide_banner", "-loglevel", "error", ...picture, ...coded, ...cut]);
  const names = (await readdir(folder)).sort();
  const segments = await Promise.all(names.map((name) => readFile(join(folder, name))));
  await rm(folder, { recursive: true });
  const startMs = Date.now() - backlog * 1_000;

  /** Null packets bring a segment to its rung's size. */
  const padded = (bytes, bits) => {
    const size = Math.max(0, Math.floor(((bits * SEGMENT_MS) / 8_000 - bytes.length) / PACKET));
    const packet = Buffer.alloc(PACKET, 0xff);
    packet.set([0x47, 0x1f, 0xff, 0x10]);
    return Buffer.concat([bytes, ...Array.from({ length: size }, () => packet)]);
  };
  const playlist = (first, end) => {
    const head = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:2", `#EXT-X-MEDIA-SEQUENCE:${first}`];
    for (let n = first; n < end; n += 1) {
      head.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startMs + n * SEGMENT_MS).toISOString()}`, "#EXTINF:2.000,", `${String(n).padStart(5, "0")}.ts`);
    }
    return `${head.join("\n")}\n`;
  };
  const master = (file) =>
    ["#EXTM3U", ...RUNGS.map(([name, average, most, size]) => `#EXT-X-STREAM-INF:BANDWIDTH=${most},AVERAGE-BANDWIDTH=${average},CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=${size}\n${name}/${file}`), ""].join("\n");

  const clockwork = {
    startMs,
    /** Nothing new is listed while it stands. */
    stoppedAt: 0,
    /** What lies at a path under `/media/clockwork/`, or null. */
    at(path) {
      const now = clockwork.stoppedAt || Date.now();
      const closed = Math.min(segments.length, Math.floor((now - LISTED_AFTER_MS - startMs) / SEGMENT_MS));
      const text = { type: "application/vnd.apple.mpegurl", age: 1 };
      const [, rung, file] = /^(?:(\w+)\/)?([\w.-]+)$/.exec(path) ?? [];
      if (!file) return null;
      if (!rung) return { ...text, bytes: Buffer.from(master(file === "master.m3u8" ? "live.m3u8" : file)) };
      if (file === "live.m3u8") return { ...text, bytes: Buffer.from(playlist(Math.max(0, closed - WINDOW), closed)) };
      if (file === "dvr.m3u8") return { ...text, bytes: Buffer.from(playlist(0, closed).replace("#EXT-X-VERSION", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-VERSION")) };
      const replay = /^replay-(\d+)-(\d+)\.m3u8$/.exec(file);
      if (replay) return { ...text, bytes: Buffer.from(`${playlist(Number(replay[1]), Number(replay[2])).replace("#EXT-X-VERSION", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-VERSION")}#EXT-X-ENDLIST\n`) };
      const bits = RUNGS.find(([name]) => name === rung)?.[1];
      const segment = segments[Number.parseInt(file, 10)];
      return segment && bits ? { type: "video/mp2t", age: 31_536_000, bytes: padded(segment, bits) } : null;
    },
  };
  return clockwork;
}
