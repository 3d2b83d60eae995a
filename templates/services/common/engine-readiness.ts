import { ContextRule } from './engine/context.ts';
import { Fresh } from './engine/fresh.ts';
import { Pulls } from './engine/pulls.ts';
import {
  type EngineState,
  FRESH_MS,
  LOAD_TIMEOUT_MS,
  messageOf,
  NOT_ASKED,
  PROBE_TIMEOUT_MS,
  type Readiness,
  settledOr,
  unreachable,
  WATCH_MS,
} from './engine/readiness.ts';
import { type LoadSettings, loadModel } from './engine-load.ts';
import { isOver, lossOf, remainingMs } from './engine-models.ts';
import { EngineProbe, type Finding } from './engine-probe.ts';
import { parseKeepAliveSetting } from './keep-alive.ts';
import { ReloadPace } from './reload-pace.ts';
import { Upstream, UpstreamError } from './upstream.ts';

export interface ReadinessOptions {
  readonly engineUrl: string;
  /** Of every request to the engine. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the requests ask for: the model is loaded with the very same. */
  readonly settings: LoadSettings;
  /** Have the engine load the model as soon as it has it, and keep it loaded, so that no caller pays for it. */
  readonly preload: boolean;
  /** Changes what `settings.numCtx` says. */
  readonly contexts?: ContextRule;
  /** Has missing models pulled; undefined where that is not wanted. Takes lines for the operator. */
  readonly pull?: ((line: string) => void) | undefined;
  /** Models that have to be there, beside the one of `settings`. */
  readonly alsoNeeded?: () => readonly string[];
  /** For tests; else a client of `engineUrl`, and milliseconds of `performance.now()`. */
  readonly engine?: Pick<Upstream, 'request' | 'close'>;
  readonly now?: () => number;
}

/** The model is asked for again this long before its keep-alive ends. */
const RENEW_MS = 300_000;
/** Below this a model cannot be kept by asking for it once a second. */
const SHORTEST_KEPT_MS = 5000;

/**
 * Whether the engine has the model loaded as the requests need it; loads it until it is so, and keeps it loaded.
 * Probes on demand, at most one at a time and one a second, over connections of its own: an engine that hangs makes the
 * answer negative, never slow.
 */
export class EngineReadiness implements EngineState {
  readonly #options: ReadinessOptions;
  readonly #engine: Pick<Upstream, 'request' | 'close'>;
  readonly #contexts: ContextRule;
  readonly #probe: EngineProbe;
  readonly #now: () => number;
  readonly #found: Fresh<Readiness>;
  readonly #pulls: Pulls | undefined;
  readonly #pace = new ReloadPace();
  readonly #keeps: boolean;
  readonly #renewMs: number;
  readonly #watch: NodeJS.Timeout | undefined;
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
    const { engineUrl, settings, preload, pull } = options;
    this.#options = options;
    this.#engine = options.engine ?? new Upstream(engineUrl, options.headers);
    const { model, numCtx } = settings;
    this.#contexts = options.contexts ?? new ContextRule(model, numCtx, numCtx);
    this.#probe = new EngineProbe(this.#engine, model, this.#contexts, options.alsoNeeded);
    this.#now = options.now ?? (() => performance.now());
    this.#found = new Fresh(NOT_ASKED, () => this.#find(), this.#now);
    this.#pulls = pull && new Pulls(this.#engine, pull, this.#now);
    const kept = parseKeepAliveSetting(settings.keepAlive) ?? 0;
    this.#keeps = preload && kept >= SHORTEST_KEPT_MS;
    this.#renewMs = Math.min(RENEW_MS, kept / 2);
    if (this.#keeps) {
      this.#watch = setInterval(() => void this.current(), Math.min(WATCH_MS, Math.max(FRESH_MS, kept / 4)));
      this.#watch.unref();
    }
  }

  current(maxAgeMs = FRESH_MS): Promise<Readiness> {
    return this.#found.current(maxAgeMs);
  }

  close(): void {
    clearInterval(this.#watch);
    this.#engine.close();
  }

  async #find(): Promise<Readiness> {
    const endsAt = performance.now() + PROBE_TIMEOUT_MS;
    try {
      const endsIn = () => Math.max(1, endsAt - performance.now());
      const found = await this.#probe.ask(endsIn);
      const { simulated } = this.#probe;
      if (found.kind === 'broken') return { ready: false, reason: found.reason, simulated, unreachable: true };
      const reason = await this.#reasonAgainst(found, endsIn);
      return reason === undefined ? { ready: true, simulated } : { ready: false, reason, simulated };
    } catch (error) {
      // It may come back as another process, with nothing loaded.
      if (!(error instanceof UpstreamError && error.kind === 'timeout')) this.#forget();
      return unreachable(error, this.#found.last.simulated);
    }
  }

  /** What stands against serving; undefined when nothing does. */
  async #reasonAgainst(
    first: Exclude<Finding, { kind: 'broken' }>,
    remainingMs: () => number,
  ): Promise<string | undefined> {
    const { model } = this.#options.settings;
    if (first.kind === 'absent') {
      this.#forget();
      return this.#pulls?.missing(first.model) ?? `engine does not have model ${first.model} yet`;
    }
    if (!this.#keeps) return undefined;
    this.#adopt(first);
    this.#compare(first);
    // A model that is there costs no load, so it is asked for whatever the pace: it may still be loading, for another.
    if (this.#state === 'none' && (this.#pace.waitMs(this.#now()) <= 0 || this.#isThere(first))) {
      this.#load();
      // A model that was loaded already answers within milliseconds: no reason to report a whole second of loading.
      await settledOr(this.#loading, Math.min(50, remainingMs()));
      if (this.#state !== 'none') {
        const found = await this.#probe.ask(remainingMs);
        if (found.kind === 'present') {
          this.#adopt(found);
          this.#compare(found);
        }
      }
    }
    if (this.#state === 'loaded') return undefined;
    return this.#describe(model);
  }

  #adopt({ running }: Finding & { kind: 'present' }): void {
    if (running !== undefined && running !== 'untold' && running.isForChats) this.#contexts.adopt();
  }

  #compare({ running }: Finding & { kind: 'present' }): void {
    if (this.#state !== 'loaded') return;
    // The first chat has it loaded anew, with its own context.
    if (this.#contexts.settling) return;
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
    const settings = { ...this.#options.settings, numCtx: this.#contexts.own };
    const answeredAt = await loadModel(this.#engine, settings, LOAD_TIMEOUT_MS);
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
