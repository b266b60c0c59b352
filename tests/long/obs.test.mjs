// OBS itself, without a screen: what a producer does with our server and the event's stream key.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DESK, launch } from '../browser/browser.mjs';
import { Parts, STREAM_KEY, get, s3Section, shot, sleep, startCdn, startDisplay, startServer, startStore, state, until, untilLive } from './parts.mjs';
import { pace, watch } from './viewer.mjs';

const say = (what, figures) => console.log(`# ${what}: ${JSON.stringify(figures)}`);
let parts;
let cdn;
let server;
let clip;
before(async () => {
  parts = new Parts();
  const store = await startStore(parts);
  cdn = await startCdn(parts, store);
  server = await startServer(parts, { objects: s3Section(store, cdn.origin, cdn.url) });
  // What stands before the camera: ten seconds with a beep, again and again.
  clip = join(parts.folder, 'clip.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30', '-f', 'lavfi', '-i',
    'sine=frequency=880:beep_factor=2:sample_rate=48000', '-t', '10', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', clip]);
});
after(() => parts?.end());

/** A profile as OBS writes it when a producer chooses "Custom…" and types server and key. */
function writeProfile(config, key) {
  const profile = join(config, 'obs-studio', 'basic', 'profiles', 'Malam');
  const scenes = join(config, 'obs-studio', 'basic', 'scenes');
  mkdirSync(profile, { recursive: true });
  mkdirSync(scenes, { recursive: true });
  writeFileSync(join(config, 'obs-studio', 'global.ini'),
    '[General]\nFirstRun=true\nLastVersion=486539264\nEnableAutoUpdates=false\nInfoIncrement=99\n[Basic]\nProfile=Malam\nProfileDir=Malam\nSceneCollection=Ring\n'
    + 'SceneCollectionFile=Ring\nConfigOnNewProfile=false\n[BasicWindow]\nSysTrayEnabled=true\n');
  writeFileSync(join(profile, 'basic.ini'),
    '[General]\nName=Malam\n[Output]\nMode=Simple\nReconnect=true\nRetryDelay=2\nMaxRetries=5\n[SimpleOutput]\nVBitrate=2500\nStreamEncoder=x264\n'
    + 'UseAdvanced=true\nPreset=ultrafast\nABitrate=128\n[Video]\nBaseCX=1280\nBaseCY=720\nOutputCX=1280\nOutputCY=720\nFPSType=0\nFPSCommon=30\n'
    + '[Audio]\nSampleRate=48000\nChannelSetup=Stereo\n');
  writeFileSync(join(profile, 'service.json'), JSON.stringify({ type: 'rtmp_custom', settings: { server: server.rtmp, key, use_auth: false, bwtest: false } }));
  const place = { visible: true, pos: { x: 0, y: 0 }, scale: { x: 1, y: 1 }, rot: 0, align: 5, bounds_type: 0 };
  writeFileSync(join(scenes, 'Ring.json'), JSON.stringify({
    name: 'Ring', current_scene: 'Ring', current_program_scene: 'Ring', scene_order: [{ name: 'Ring' }],
    sources: [
      { id: 'ffmpeg_source', versioned_id: 'ffmpeg_source', name: 'Kamera', enabled: true, volume: 1, mixers: 255,
        settings: { is_local_file: true, local_file: clip, looping: true, hw_decode: false, restart_on_activate: false } },
      { id: 'scene', versioned_id: 'scene', name: 'Ring', enabled: true, settings: { id_counter: 1, custom_size: false, items: [{ name: 'Kamera', id: 1, ...place }] } },
    ],
  }));
}

/** OBS, streaming from its start; `text` gives its own log. */
async function startObs(key) {
  const env = await startDisplay(parts);
  writeProfile(env.XDG_CONFIG_HOME, key);
  const child = parts.start('obs', 'obs', ['--multi', '--minimize-to-tray', '--startstreaming', '--profile', 'Malam', '--collection', 'Ring', '--scene', 'Ring',
    '--disable-updater', '--disable-missing-files-check'], { env: { ...env, QT_QPA_PLATFORM: 'xcb' }, endBy: 'SIGKILL' });
  const logs = join(env.XDG_CONFIG_HOME, 'obs-studio', 'logs');
  const text = () => {
    try {
      return readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8')).join('\n') + child.log;
    } catch {
      return child.log;
    }
  };
  return { child, text };
}

test('OBS with a wrong key shows our words', { timeout: 90_000 }, async () => {
  const obs = await startObs('kunci-yang-salah');
  const words = await until('OBS says why', 45_000, async () => obs.text().match(/.*wrong stream key: copy the event's key again, without spaces.*/)?.[0])
    .catch((error) => { throw new Error(`${error.message}\n${obs.text().slice(-6_000)}`); });
  say('OBS, wrong key', { words: words.trim() });
  assert.notEqual(await state(server), 'live');
  await obs.child.stop('SIGKILL');
});

test('OBS with server and key is live, stored and played', { timeout: 180_000 }, async () => {
  const from = Date.now();
  const obs = await startObs(STREAM_KEY);
  const { master } = await untilLive(server, 60_000).catch((error) => { throw new Error(`${error.message}\n${obs.text().slice(-6_000)}`); });
  const toLive = (Date.now() - from) / 1_000;
  const browser = await launch();
  try {
    const viewer = await watch(browser, server, DESK);
    await viewer.inState('playing');
    await viewer.moved(5);
    await viewer.caughtUp();
    say('20 s of OBS', { startToLive: toLive, ...await pace(viewer, 20) });
    assert.deepEqual(viewer.complaints, []);
    await viewer.page.screenshot({ path: shot(parts, 'obs') });
  } finally {
    await browser.close();
  }
  const playlist = new URL('720p/live.m3u8', master);
  const names = (await get(playlist)).body.toString().trim().split('\n').filter((line) => !line.startsWith('#'));
  const bodies = [];
  for (const name of names) bodies.push((await get(new URL(name, playlist))).body);
  const window = join(parts.folder, 'window.ts');
  writeFileSync(window, Buffer.concat(bodies));
  const { streams } = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-of', 'json', '-show_entries', 'stream=codec_name,height,level,start_time,duration', window], { encoding: 'utf8' }));
  say(`OBS stored, ${names.length} segments`, { streams, smallest: Math.min(...bodies.map(({ length }) => length)) });
  const [video, audio] = ['h264', 'aac'].map((name) => streams.find(({ codec_name: codec }) => codec === name));
  assert.deepEqual([video.height, video.level], [720, 31]);
  assert.ok(Math.abs(video.duration - names.length * 2) < 0.1, `${video.duration} s of picture in ${names.length} segments`);
  // MPEG-TS packs several frames of sound together, which may lie in the segment beside: up to 128 ms at each end.
  assert.ok(Math.abs(video.duration - audio.duration) < 0.26, `${video.duration} s of picture, ${audio.duration} s of sound`);
  // Not one colour: the clip is in the picture.
  for (const body of bodies) assert.ok(body.length > 100_000, `${body.length} bytes in two seconds`);
  await obs.child.stop('SIGTERM', 10_000);
  await sleep(500);
  assert.match(obs.text(), /\[rtmp stream: '[^']+'\] Connection to rtmp:.* successful/);
  assert.ok(!server.child.log.includes(STREAM_KEY), 'the key is in no log of ours');
});
