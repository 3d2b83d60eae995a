import { engineSays, engineText, parseObject } from '../engine-error.ts';
import { ReloadPace } from '../reload-pace.ts';
import { Upstream, UpstreamError, type UpstreamReply } from '../upstream.ts';
import type { EngineModel } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import { Fresh } from './fresh.ts';
import { offered } from './model-list.ts';
import { parseOpenAiModels } from './openai-models.ts';
import type { OwnModel } from './own-model.ts';
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
} from './readiness.ts';

/** So many names of a list stand in a reason. */
const NAMES = 5;

/**
 * Whether an OpenAI-compatible engine lists the own model and has answered one chat with it. Such engines load a model
 * when they start (llama-server, vLLM) or with the first request; none says what is loaded, so a chat is the proof. It
 * is asked for again when the engine was away.
 */
export class OpenAiReadiness implements EngineState {
  readonly #settings: EngineSettings;
  readonly #own: OwnModel;
  readonly #engine: Pick<Upstream, 'request' | 'close'>;
  readonly #now: () => number;
  readonly #found: Fresh<Readiness>;
  readonly #pace = new ReloadPace();
  readonly #watch: NodeJS.Timeout;
  /** The model that has answered. */
  #warm: string | undefined;
  #warming: Promise<void> | undefined;
  #warmError = '';
  readonly #warn: (line: string) => void;
  #isBetrayed = false;
  /** Counts how often the engine was away: what was asked before that proves nothing. */
  #times = 0;

  constructor(
    settings: EngineSettings,
    own: OwnModel,
    engine: Pick<Upstream, 'request' | 'close'> = new Upstream(settings.url, settings.headers),
    now: () => number = () => performance.now(),
    warn: (line: string) => void = () => {},
  ) {
    this.#warn = warn;
    this.#settings = settings;
    this.#own = own;
    this.#engine = engine;
    this.#now = now;
    this.#found = new Fresh(NOT_ASKED, () => this.#find(), now);
    this.#watch = setInterval(() => void this.current(), WATCH_MS);
    this.#watch.unref();
  }

  current(maxAgeMs = FRESH_MS): Promise<Readiness> {
    return this.#found.current(maxAgeMs);
  }

  /** The engine could not be reached or broke off: it may come back as another process. */
  lost(): void {
    this.#times++;
    this.#warm = undefined;
    this.#warmError = '';
    this.#pace.reset();
  }

  close(): void {
    clearInterval(this.#watch);
    this.#engine.close();
  }

  async #find(): Promise<Readiness> {
    const endsAt = performance.now() + PROBE_TIMEOUT_MS;
    const remainingMs = () => Math.max(1, endsAt - performance.now());
    const get = (path: string) => this.#engine.request({ method: 'GET', path, timeoutMs: remainingMs() });
    let simulated = false;
    const not = (reason: string): Readiness => ({ ready: false, reason, simulated });
    try {
      const reply = await get('/v1/models');
      simulated = reply.headers['x-chainctl-simulated'] === '1';
      if (isLoading(reply)) return not(`engine is loading ${this.#model}`);
      const models = reply.status === 200 ? parseOpenAiModels(reply.text, this.#settings) : undefined;
      if (models === undefined) return { ...not(broken(reply)), unreachable: true };
      this.#own.listed(offered(models, this.#settings));
      const lacking = this.#lacking(models);
      if (lacking !== undefined) return not(lacking);
      // llama-server lists its model while it still loads it. Others have a /health that asks their models, or none.
      if (models.some(({ ownedBy }) => ownedBy === 'llamacpp') && this.#warm === undefined) {
        const health = await get('/health');
        if (health.status === 503) return not(`engine is loading ${this.#model}`);
      }
      const reason = await this.#coldBecause(remainingMs);
      return reason === undefined ? { ready: true, simulated } : not(reason);
    } catch (error) {
      if (!(error instanceof UpstreamError && error.kind === 'timeout')) this.lost();
      return unreachable(error, this.#found.last.simulated);
    }
  }

  get #model(): string {
    return this.#own.name === '' ? 'its model' : `model ${this.#own.name}`;
  }

  #lacking(models: readonly EngineModel[]): string | undefined {
    if (models.some(({ id }) => id === this.#own.name)) return undefined;
    if (models.length === 0) return 'engine lists no model';
    const names = models.slice(0, NAMES).map(({ id }) => id);
    const others = models.length > NAMES ? ', ...' : '';
    return `engine does not list ${this.#model}; it lists ${names.join(', ')}${others}`;
  }

  /** Has the model answer once, where that is wanted; undefined when it has. */
  async #coldBecause(remainingMs: () => number): Promise<string | undefined> {
    const { name } = this.#own;
    if (!this.#settings.preload || this.#warm === name) return undefined;
    if (!this.#warming && this.#pace.waitMs(this.#now()) <= 0) this.#warming = this.#warmUp(name);
    // A model that is loaded answers within milliseconds: no reason to report a whole second of warming up.
    if (this.#warming) await settledOr(this.#warming, Math.min(50, remainingMs()));
    if (this.#warm === name) return undefined;
    const attempt = this.#warmError === '' ? '' : ` (last attempt: ${this.#warmError})`;
    if (this.#warming) return `engine is warming up ${this.#model}${attempt}`;
    const seconds = Math.max(1, Math.ceil(this.#pace.waitMs(this.#now()) / 1000));
    return `engine has not answered for ${this.#model}${attempt}; the next attempt is in ${seconds} s`;
  }

  /** Once: whoever chose it may want it so. */
  #betrayed(): void {
    if (this.#isBetrayed) return;
    this.#isBetrayed = true;
    const cuts = 'its OpenAI API cuts prompts that are too long and does not tell';
    this.#warn(`engine ${this.#settings.url}: this is an Ollama: ${cuts}; ENGINE=ollama refuses them`);
  }

  async #warmUp(model: string): Promise<void> {
    const times = this.#times;
    try {
      const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 });
      const path = '/v1/chat/completions';
      const reply = await this.#engine.request({ method: 'POST', path, body, timeoutMs: LOAD_TIMEOUT_MS });
      const answer = parseObject(reply.text);
      if (reply.status !== 200 || !Array.isArray(answer?.choices)) throw new Error(engineSays(reply));
      const isSimulated = reply.headers['x-chainctl-simulated'] === '1';
      if (answer.system_fingerprint === 'fp_ollama' && !isSimulated) this.#betrayed();
      if (times !== this.#times) return;
      this.#warm = model;
      this.#warmError = '';
      this.#pace.reset();
    } catch (error) {
      this.#warmError = messageOf(error);
      this.#pace.failed(this.#now());
    } finally {
      this.#warming = undefined;
    }
  }
}

/** llama-server, while it loads. */
function isLoading(reply: UpstreamReply): boolean {
  return reply.status === 503 && /loading/i.test(engineText(reply));
}

function broken(reply: UpstreamReply): string {
  if (reply.status === 200) return 'engine answered /v1/models with something that is no list of models';
  const said = engineText(reply);
  return `engine answered /v1/models with status ${reply.status}${said && `: ${said}`}`;
}
