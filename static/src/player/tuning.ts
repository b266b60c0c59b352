// How hls.js is set: close to the edge, quick to start, patient with trouble.
import Hls, { type HlsConfig } from "hls.js";
import { KNOWS_AIRPLAY } from "./airplay";
import { keyLoader, type AskKey } from "./keyloader";
import { LeanLevels } from "./lean";

// Short waits: whatever was away has the picture back within ten seconds of its return.
const RETRY = { retryDelayMs: 500, maxRetryDelayMs: 3_000, backoff: "exponential" as const };
const POLICY = (firstByteMs: number, wholeMs: number, tries: number) => ({
  default: {
    maxTimeToFirstByteMs: firstByteMs,
    maxLoadTimeMs: wholeMs,
    timeoutRetry: { maxNumRetry: 2, ...RETRY },
    errorRetry: { maxNumRetry: tries, ...RETRY },
  },
});

const LOADERS = {
  pLoader: Hls.DefaultConfig.loader as NonNullable<HlsConfig["pLoader"]>,
  fLoader: Hls.DefaultConfig.loader as NonNullable<HlsConfig["fLoader"]>,
};

const CONFIG: Partial<HlsConfig> = {
  ...LOADERS,
  autoStartLoad: false,
  // A plain media source stands in `src`, and nothing can stand beside it.
  preferManagedMediaSource: KNOWS_AIRPLAY,
  // Two segments behind an edge that hls.js moves on with the clock: the next one closes two seconds later and is listed
  // at once, so nearly two are left for finding and fetching it. `Pace` stays further behind on slow lines and after stalls.
  liveSyncDurationCount: 2,
  liveSyncOnStallIncrease: 0,
  liveMaxLatencyDurationCount: 8,
  maxLiveSyncPlaybackRate: 1.08,
  // Phones: little kept behind, half a minute ahead where there is any.
  backBufferLength: 20,
  maxBufferLength: 24,
  maxMaxBufferLength: 40,
  maxBufferSize: 24_000_000,
  capLevelToPlayerSize: true,
  capLevelController: LeanLevels,
  // The first segment is shown, not measured and thrown away.
  testBandwidth: false,
  // Captions in the picture do not say their language.
  captionsTextTrack1Label: "CC",
  captionsTextTrack1LanguageCode: "und",
  abrEwmaFastLive: 3,
  abrEwmaSlowLive: 9,
  abrBandWidthUpFactor: 0.65,
  manifestLoadPolicy: POLICY(5_000, 10_000, 2),
  playlistLoadPolicy: POLICY(4_000, 8_000, 3),
  fragLoadPolicy: POLICY(5_000, 20_000, 4),
};

/** Who has rewound stays there: nothing draws the picture back to the edge. */
const REWOUND: Partial<HlsConfig> = { liveMaxLatencyDurationCount: Number.POSITIVE_INFINITY, maxLiveSyncPlaybackRate: 1 };

/**
 * WebKit stands still for some tenths of a second at each change of speed: what it gains it loses again, and it stumbles
 * without end. There the distance to the edge stays what it was at the start.
 */
const EVEN: Partial<HlsConfig> = "ManagedMediaSource" in globalThis ? { maxLiveSyncPlaybackRate: 1 } : {};

/** The settings of a new source; `estimate`: what the line carries, bit/s. */
export function settings(live: boolean, estimate: number, ask: AskKey): Partial<HlsConfig> {
  return { ...CONFIG, ...EVEN, ...(live ? {} : REWOUND), loader: keyLoader(ask), abrEwmaDefaultEstimate: estimate };
}
