// A picture with captions in it, as broadcast cameras send them: CEA-608 in the H.264 stream (ANSI/SCTE 128, ATSC A/53).
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const FPS = 30;
const NAL_SLICE = 1;
const NAL_IDR = 5;

/** A byte of CEA-608 with its odd parity. */
function odd(byte) {
  let ones = 0;
  for (let bit = 0; bit < 7; bit += 1) ones += (byte >> bit) & 1;
  return ones % 2 === 0 ? byte | 0x80 : byte;
}

/** The pairs that write a line at the bottom as roll-up captions; codes come twice, as the standard has it. */
function pairsOf(line) {
  const code = (one, two) => [[one, two], [one, two]];
  const letters = line.length % 2 === 0 ? line : `${line} `;
  const words = Array.from({ length: letters.length / 2 }, (_, at) => [letters.charCodeAt(at * 2), letters.charCodeAt(at * 2 + 1)]);
  return [...code(0x14, 0x25), ...code(0x14, 0x2d), ...code(0x14, 0x70), ...words];
}

/** An SEI message with one pair for field 1. */
function sei([one, two]) {
  const data = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03, 0xc1, 0xff, 0xfc, odd(one), odd(two), 0xff];
  return Buffer.from([0, 0, 0, 1, 0x06, 0x04, data.length, ...data, 0x80]);
}

/** Writes a picture of some minutes whose captions say each of the lines in turn; gives its path. */
export async function makeCaptioned(lines, { secondsEach = 1, minutes = 5 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "bakuhantam-captions-"));
  const plain = join(folder, "plain.h264");
  const picture = ["-f", "lavfi", "-i", `testsrc2=s=320x180:r=${FPS}:d=${lines.length * secondsEach}`];
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-bf", "0", "-g", "60", "-x264-params", "slices=1", "-pix_fmt", "yuv420p"];
  await promisify(execFile)("ffmpeg", ["-hide_banner", "-loglevel", "error", ...picture, ...coded, plain]);
  const bytes = await readFile(plain);
  const starts = [];
  for (let at = bytes.indexOf("\0\0\x01", 0, "latin1"); at >= 0; at = bytes.indexOf("\0\0\x01", at + 3, "latin1")) starts.push(at);
  const parts = [];
  let frame = 0;
  starts.forEach((start, index) => {
    const kind = bytes[start + 3] & 0x1f;
    if (kind === NAL_SLICE || kind === NAL_IDR) {
      const line = pairsOf(lines[Math.floor(frame / (FPS * secondsEach)) % lines.length]);
      parts.push(sei(line[frame % (FPS * secondsEach)] ?? [0, 0]));
      frame += 1;
    }
    parts.push(Buffer.from([0]), bytes.subarray(start, starts[index + 1]));
  });
  const captioned = join(folder, "captioned.h264");
  const rounds = Math.ceil((minutes * 60) / (lines.length * secondsEach));
  await writeFile(captioned, Buffer.concat(Array.from({ length: rounds }, () => parts).flat()));
  return captioned;
}
