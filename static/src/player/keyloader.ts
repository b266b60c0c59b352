// hls.js asks here for keys; everything else goes by its own loaders.
import type {
  HlsConfig,
  KeyLoaderContext,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from "hls.js";

/** Gives a key when there is one; the media time from which it is needed goes along. Ends early only by the signal. */
export type AskKey = (address: string, at: number, signal: AbortSignal) => Promise<Uint8Array>;

function emptyStats(): LoaderStats {
  const timing = { start: 0, end: 0 };
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { ...timing, first: 0 },
    parsing: { ...timing },
    buffering: { ...timing, first: 0 },
  };
}

/** hls.js takes the class, not an object. */
export function keyLoader(ask: AskKey): new (config: HlsConfig) => Loader<LoaderContext> {
  return class implements Loader<LoaderContext> {
    context: LoaderContext | null = null;
    stats = emptyStats();
    #callbacks: LoaderCallbacks<LoaderContext> | null = null;
    readonly #over = new AbortController();

    load(context: LoaderContext, _: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      this.context = context;
      this.#callbacks = callbacks;
      this.stats.loading.start = performance.now();
      const { frag } = context as KeyLoaderContext;
      ask(context.url, frag.start, this.#over.signal).then(
        (key) => this.#done(context, key),
        () => undefined,
      );
    }

    abort(): void {
      const [callbacks, context] = [this.#callbacks, this.context];
      if (!callbacks || !context) return;
      this.#callbacks = null;
      this.stats.aborted = true;
      this.#over.abort();
      callbacks.onAbort?.(this.stats, context, null);
    }

    destroy(): void {
      this.#callbacks = null;
      this.#over.abort();
    }

    #done(context: LoaderContext, key: Uint8Array): void {
      const callbacks = this.#callbacks;
      if (!callbacks) return;
      this.#callbacks = null;
      const now = performance.now();
      this.stats.loaded = this.stats.total = key.length;
      this.stats.loading.first = this.stats.loading.end = now;
      callbacks.onSuccess({ url: context.url, code: 200, data: key.slice().buffer }, this.stats, context, null);
    }
  };
}
