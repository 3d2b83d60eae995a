import { parseObject, preload } from './engine-client.ts';
import { Upstream, UpstreamError } from './upstream.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not; absent when ready. */
  readonly reason?: string;
  readonly simulated: boolean;
}

export interface ReadinessOptions {
  readonly engineUrl: string;
  readonly model: string;
  readonly keepAlive: string;
  /** Ask the engine to load the model as soon as it has it, so that the first caller does not pay for it. */
  readonly preload: boolean;
}

/** How long a finding is repeated, and how long a health request waits for a new one, in milliseconds. */
const FRESH_MS = 1000;
const PROBE_TIMEOUT_MS = 800;
const PRELOAD_TIMEOUT_MS = 600_000;

/**
 * Whether the engine has the model and has loaded it. Probes on demand, at most one at a time and one a second, over
 * connections of its own: an engine that hangs makes the answer negative, never slow.
 */
export class EngineReadiness {
  readonly #options: ReadinessOptions;
  readonly #engine: Upstream;
  #last: Readiness = { ready: false, reason: 'engine not asked yet', simulated: false };
  #lastAt = -Infinity;
  #probing: Promise<Readiness> | undefined;
  #preload: 'none' | 'running' | 'done' = 'none';
  #preloadError = '';

  constructor(options: ReadinessOptions) {
    this.#options = options;
    this.#engine = new Upstream(options.engineUrl);
  }

  /** Resolves within about 0.8 s, whatever the engine does. */
  current(): Promise<Readiness> {
    if (performance.now() - this.#lastAt < FRESH_MS) return Promise.resolve(this.#last);
    this.#probing ??= this.#probe().then((found) => {
      this.#last = found;
      this.#lastAt = performance.now();
      this.#probing = undefined;
      return found;
    });
    return this.#probing;
  }

  close(): void {
    this.#engine.close();
  }

  async #probe(): Promise<Readiness> {
    const { model } = this.#options;
    try {
      const reply = await this.#engine.request({ method: 'GET', path: '/api/tags', timeoutMs: PROBE_TIMEOUT_MS });
      const simulated = reply.headers['x-chainctl-simulated'] === '1';
      const names = modelNames(reply.text);
      if (reply.status !== 200 || !names) {
        return { ready: false, reason: `engine answered /api/tags with status ${reply.status}`, simulated };
      }
      if (!names.includes(canonical(model))) {
        this.#preload = 'none';
        return { ready: false, reason: `engine does not have model ${model} yet`, simulated };
      }
      if (this.#options.preload && this.#preload !== 'done') {
        this.#startPreload();
        // A model that was loaded already answers within milliseconds: no reason to report a whole second of loading.
        await this.#settledPreload;
      }
      if (this.#options.preload && this.#preload !== 'done') {
        const error = this.#preloadError === '' ? '' : ` (last attempt: ${this.#preloadError})`;
        return { ready: false, reason: `engine is loading model ${model}${error}`, simulated };
      }
      return { ready: true, simulated };
    } catch (error) {
      // It may come back as another process, with nothing loaded.
      if (this.#preload === 'done') this.#preload = 'none';
      const why = error instanceof UpstreamError && error.kind === 'timeout' ? 'does not answer' : 'cannot be reached';
      return {
        ready: false,
        reason: `engine ${why}: ${error instanceof Error ? error.message : String(error)}`,
        simulated: this.#last.simulated,
      };
    }
  }

  /** Resolves when the preload has ended or after 50 ms, whichever is first. */
  get #settledPreload(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 50);
      void this.#preloading.finally(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #preloading: Promise<void> = Promise.resolve();

  #startPreload(): void {
    if (this.#preload === 'running') return;
    this.#preload = 'running';
    const { model, keepAlive } = this.#options;
    this.#preloading = preload(this.#engine, model, keepAlive, PRELOAD_TIMEOUT_MS).then(
      () => {
        this.#preload = 'done';
        this.#preloadError = '';
      },
      (error: unknown) => {
        this.#preload = 'none';
        this.#preloadError = error instanceof Error ? error.message : String(error);
      },
    );
  }
}

function modelNames(text: string): string[] | undefined {
  const models = parseObject(text)?.models;
  if (!Array.isArray(models)) return undefined;
  return models.map((model: { name?: unknown; model?: unknown }) => canonical(String(model?.name ?? model?.model)));
}

/** Ollama's rule: a name without a tag means `latest`. */
function canonical(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}
