// Builds static/dist: bundles with content-hashed names, their .br and .gz forms, and manifest.json (plain → hashed).
// `--watch-names` keeps plain names, for working on styles against a running server.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import * as esbuild from "esbuild";
import { shadowStyles } from "./shadow-styles.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const dist = join(here, "dist");
const plainNames = process.argv.includes("--watch-names");

const FONT = "node_modules/@fontsource/barlow-condensed/files/barlow-condensed-latin-800-italic.woff2";
const COMPRESSED = /\.(js|css|svg)$/;

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  outdir: dist,
  legalComments: "none",
  logLevel: "warning",
  target: ["es2022", "chrome105", "firefox110", "safari15.6"],
};

/** A name that changes with the content. */
function hashed(name, bytes) {
  if (plainNames) return name;
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${createHash("sha256").update(bytes).digest("base64url").slice(0, 12)}${name.slice(dot)}`;
}

const files = new Map();
const manifest = {};
function add(name, bytes) {
  const stored = hashed(name, bytes);
  files.set(stored, bytes);
  manifest[name] = stored;
  return stored;
}

const HLS = join(root, "node_modules/hls.js/src");
const { version: hlsVersion } = JSON.parse(await readFile(join(root, "node_modules/hls.js/package.json"), "utf8"));

const font = add("display.woff2", await readFile(join(root, FONT)));
add("favicon.svg", await readFile(join(here, "art/favicon.svg")));

const styles = await esbuild.build({
  ...shared,
  entryPoints: ["viewer", "admin", "sandbox", "overlay"].map((name) => join(here, `src/styles/${name}.css`)),
  external: ["/assets/*"],
});
for (const file of styles.outputFiles) {
  add(basename(file.path), Buffer.from(file.text.replaceAll("/assets/display.woff2", `/assets/${font}`)));
}

// hls.js from its source, with the parts that are used: no build of its own has captions and not much else.
const hlsParts = {
  ...Object.fromEntries(
    ["ALT_AUDIO", "CMCD", "CONTENT_STEERING", "EME_DRM", "IFRAMES", "INTERSTITIALS", "M2TS_ADVANCED_CODECS", "MEDIA_CAPABILITIES", "VARIABLE_SUBSTITUTION"]
      .map((part) => [`__USE_${part}__`, "false"]),
  ),
  __USE_SUBTITLES__: "true",
  __VERSION__: JSON.stringify(hlsVersion),
  __HLS_WORKER_BUNDLE__: "undefined",
  __IN_WORKER__: "false",
};

const scripts = await esbuild.build({
  ...shared,
  format: "esm",
  entryPoints: [join(here, "src/page.ts"), join(here, "src/watch.ts"), join(here, "src/money.ts"), join(here, "src/overlay.ts")],
  alias: { "hls.js": `${HLS}/exports-named.ts`, "@svta/cml-cmcd": `${HLS}/empty.js` },
  plugins: [shadowStyles(join(here, "src/player/shadow.ts"))],
  define: { "process.env.NODE_ENV": '"production"', ...hlsParts },
});
for (const file of scripts.outputFiles) add(basename(file.path), Buffer.from(file.contents));

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
for (const [name, bytes] of files) {
  await writeFile(join(dist, name), bytes);
  const sizes = [bytes.length];
  if (COMPRESSED.test(name)) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    const br = await promisify(brotliCompress)(bytes, { params });
    const gz = await promisify(gzip)(bytes, { level: 9 });
    await writeFile(join(dist, `${name}.br`), br);
    await writeFile(join(dist, `${name}.gz`), gz);
    sizes.push(br.length, gz.length);
  }
  console.log(name.padEnd(36), sizes.map((size) => `${(size / 1000).toFixed(1)} kB`).join("  "));
}
await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
