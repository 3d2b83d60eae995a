import { plainText } from './engine-error.ts';
import { type LoadSettings, loadModel } from './engine-load.ts';
import { isOver, lossOf, remainingMs } from './engine-models.ts';
import { EngineProbe, type Finding } from './engine-probe.ts';
import { parseKeepAliveSetting } from './keep-alive.ts';
import { ReloadPace } from './reload-pace.ts';
import { Upstream, UpstreamError } from './upstream.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not; absent when ready. */
  readonly reason?: string;
  readonly simulated: boolean;
}

export interface ReadinessOptions {
  readonly engineUrl: string;
  /** What the requests ask for: the model is loaded with the very same. */
  readonly settings: LoadSettings;
  /** Have the engine load the model as soon as it has it, and keep it loaded, so that no caller pays for it. */
  readonly preload: boolean;
  /** For tests; else a client of `engineUrl`, and milliseconds of `performance.now()`. */
  readonly engine?: Pick<Upstream, 'request' | 'close'>;
  readonly now?: () => number;
}

/** How long a finding is repeated, and how long a health request waits for a new one, in milliseconds. */
const FRESH_MS = 1000;
const PROBE_TIMEOUT_MS = 800;
const LOAD_TIMEOUT_MS = 600_000;
/** The model is looked at this often when nobody asks, and asked for again this long before its keep-alive ends. */
const WATCH_MS = 10_000;
const RENEW_MS = 300_000;
/** Below this a model cannot be kept by asking for it once a second. */
const SHORTEST_KEPT_MS = 5000;

/**
 * Whether the engine has the model loaded as the requests need it; loads it until it is so, and keeps it loaded.
 * Probes on demand, at most one at a time and one a second, over connections of its own: an engine that hangs makes the
 * answer negative, never slow.
 */
export class EngineReadiness {
  readonly #options: ReadinessOptions;
  readonly #engine: Pick<Upstream, 'request' | 'close'>;
  readonly #probe: EngineProbe;
  readonly #now: () => number;
  readonly #pace = new ReloadPace();
  readonly #keeps: boolean;
  readonly #renewMs: number;
  readonly #watch: NodeJS.Timeout | undefined;
  #last: Readiness = { ready: false, reason: 'engine not asked yet', simulated: false };
  #lastAt = -Infinity;
  #probing: Promise<Readiness> | undefined;
  /** `loaded`: an own load has ended well and no probe since then has found otherwise. */
  #state: 'none' | 'loading' | 'loaded' = 'none';
  #loading: Promise<void> = Promise.resolve();
  #loadError = '';
  /** Why the model has to be loaded again. */
  #lostBecause = '';
  /** The end of the keep-alive when the model was last found loaded. */
  #expiresAt: string | undefined;
  #renewedAt = -Infinity;
  /** By how much the engine's clock is before this one; undefined as long as it has not told its time. */
  #clockAhead: number | undefined;

  constructor(options: ReadinessOptions) {
    const { engineUrl, settings, preload } = options;
    this.#options = options;
    this.#engine = options.engine ?? new Upstream(engineUrl);
    this.#probe = new EngineProbe(this.#engine, settings.model, settings.numCtx);
    this.#now = options.now ?? (() => performance.now());
    const kept = parseKeepAliveSetting(settings.keepAlive) ?? 0;
    this.#keeps = preload && kept >= SHORTEST_KEPT_MS;
    this.#renewMs = Math.min(RENEW_MS, kept / 2);
    if (this.#keeps) {
      this.#watch = setInterval(() => void this.current(), Math.min(WATCH_MS, Math.max(FRESH_MS, kept / 4)));
      this.#watch.unref();
    }
  }

  /** Resolves within about 0.8 s, whatever the engine does. */
  current(): Promise<Readiness> {
    if (this.#now() - this.#lastAt < FRESH_MS) return Promise.resolve(this.#last);
    this.#probing ??= this.#find().then((found) => {
      this.#last = found;
      this.#lastAt = this.#now();
      this.#probing = undefined;
      return found;
    });
    return this.#probing;
  }

  close(): void {
    clearInterval(this.#watch);
    this.#engine.close();
  }

  async #find(): Promise<Readiness> {
    const endsAt = performance.now() + PROBE_TIMEOUT_MS;
    try {
      const reason = await this.#reasonAgainst(() => Math.max(1, endsAt - performance.now()));
      const simulated = this.#probe.simulated;
      return reason === undefined ? { ready: true, simulated } : { ready: false, reason, simulated };
    } catch (error) {
      const timeout = error instanceof UpstreamError && error.kind === 'timeout';
      // It may come back as another process, with nothing loaded.
      if (!timeout) this.#forget();
      return {
        ready: false,
        reason: `engine ${timeout ? 'does not answer' : 'cannot be reached'}: ${messageOf(error)}`,
        simulated: this.#last.simulated,
      };
    }
  }

  /** What stands against serving; undefined when nothing does. */
  async #reasonAgainst(remainingMs: () => number): Promise<string | undefined> {
    const { model } = this.#options.settings;
    let found = await this.#probe.ask(remainingMs);
    if (found.kind === 'broken') return found.reason;
    if (found.kind === 'absent') {
      this.#forget();
      return `engine does not have model ${model} yet`;
    }
    if (!this.#keeps) return undefined;
    this.#compare(found);
    // A model that is there costs no load, so it is asked for whatever the pace: it may still be loading, for another.
    if (this.#state === 'none' && (this.#pace.waitMs(this.#now()) <= 0 || this.#isThere(found))) {
      this.#load();
      // A model that was loaded already answers within milliseconds: no reason to report a whole second of loading.
      await settledOr(this.#loading, Math.min(50, remainingMs()));
      if (this.#state !== 'none') {
        found = await this.#probe.ask(remainingMs);
        if (found.kind === 'present') this.#compare(found);
      }
    }
    if (this.#state === 'loaded') return undefined;
    return this.#describe(model);
  }

  #compare({ running }: Finding & { kind: 'present' }): void {
    if (this.#state !== 'loaded') return;
    const loss = running === 'untold' ? undefined : lossOf(running, this.#expiresAt, this.#engineNow());
    if (loss) {
      this.#state = 'none';
      this.#lostBecause = loss.because;
      this.#pace.lost(this.#now());
      if (loss.underWay) this.#pace.holdOff(this.#now());
      return;
    }
    const residence = running === 'untold' ? undefined : running;
    this.#expiresAt = residence?.expiresAt;
    this.#renewWhenDue(residence && remainingMs(residence, this.#engineNow()));
  }

  #forget(): void {
    if (this.#state === 'loaded') this.#state = 'none';
    this.#lostBecause = '';
    this.#loadError = '';
    this.#pace.reset();
  }

  /** Whether the engine lists the model as it should be, and does not end it. */
  #isThere({ running }: Finding & { kind: 'present' }): boolean {
    if (running === undefined || running === 'untold') return false;
    return running.context === running.wantedContext && !isOver(running, this.#engineNow());
  }

  /** By the time that it has told itself: the `Date` of an answer may be that of a proxy before it. */
  #engineNow(): number | undefined {
    return this.#clockAhead === undefined ? undefined : this.#now() + this.#clockAhead;
  }

  /** Asks for the model as the requests do, and takes the engine's time from its answer. */
  async #askFor(): Promise<void> {
    const answeredAt = await loadModel(this.#engine, this.#options.settings, LOAD_TIMEOUT_MS);
    this.#clockAhead = answeredAt === undefined ? undefined : answeredAt - this.#now();
  }

  #load(): void {
    this.#state = 'loading';
    this.#loading = this.#askFor().then(
      () => {
        this.#state = 'loaded';
        this.#loadError = '';
        this.#expiresAt = undefined;
        this.#renewedAt = this.#now();
        this.#pace.loaded(this.#now());
      },
      (error: unknown) => {
        this.#state = 'none';
        this.#loadError = messageOf(error);
        this.#pace.failed(this.#now());
      },
    );
  }

  /**
   * Asks for the model as a request would, so that its keep-alive begins anew. Called only after a probe has found it as
   * it should be: then nothing is loaded by it, and a longer keep-alive of another client is not cut short.
   */
  #renewWhenDue(leftMs: number | undefined): void {
    const sinceLast = this.#now() - this.#renewedAt;
    // A model that is used without a pause keeps its old end: asking once a while is enough.
    const due = leftMs === undefined ? this.#renewMs : leftMs < this.#renewMs ? this.#renewMs / 5 : Infinity;
    if (sinceLast < due) return;
    this.#renewedAt = this.#now();
    // What goes wrong with it, the next probe sees.
    void this.#askFor().catch(() => {});
  }

  #describe(model: string): string {
    const attempt = this.#loadError === '' ? '' : ` (last attempt: ${this.#loadError})`;
    const why = this.#lostBecause === '' ? '' : `: ${this.#lostBecause}`;
    if (this.#state === 'loading') return `engine is loading model ${model}${why && ` again${why}`}${attempt}`;
    const seconds = Math.max(1, Math.ceil(this.#pace.waitMs(this.#now()) / 1000));
    return `engine has not loaded model ${model}${why}${attempt}; the next attempt is in ${seconds} s`;
  }
}

/** Resolves when the work has ended or after `ms`, whichever is first. */
function settledOr(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function messageOf(error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error));
}
