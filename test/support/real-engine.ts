import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** The two models that `.tools/engine.mjs` installs: the same weights, and for Ollama two different ones. */
export const MODEL_A = 'gemma3:270m';
export const MODEL_B = 'gemma3:b';

const START_MS = 60_000;

/** Where `.tools/engine.mjs` has put things; it prints this. */
export interface EngineFiles {
  /** Ollama's program. */
  readonly bin: string;
  /** A store with both models. */
  readonly models: string;
}

type Env = Readonly<Record<string, string>>;

/** A real Ollama on a free port of loopback, which ends with `close`. */
export class RealEngine {
  /** For `OLLAMA_HOST`. */
  readonly host: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(host: string, child: ChildProcess, folder: string) {
    this.host = host;
    this.url = `http://${host}`;
    this.#child = child;
    this.#folder = folder;
  }

  /**
   * Starts one with both models, in a store of its own.
   *
   * @param env settings of Ollama
   * @param files as `npm run test:engine` tells its tests
   */
  static async open(env: Env = {}, files: EngineFiles = filesOfRun()): Promise<RealEngine> {
    const folder = await mkdtemp(join(tmpdir(), 'chainctl-engine-'));
    const store = join(folder, 'models');
    await mkdir(join(store, 'blobs'), { recursive: true });
    await cp(join(files.models, 'manifests'), join(store, 'manifests'), { recursive: true });
    const blobs = join(files.models, 'blobs');
    for (const blob of await readdir(blobs)) await symlink(join(blobs, blob), join(store, 'blobs', blob));
    return RealEngine.#start(files.bin, store, folder, env);
  }

  /** Starts one on a store that keeps what is made in it. */
  static async openStore({ bin, models }: EngineFiles): Promise<RealEngine> {
    return RealEngine.#start(bin, models, await mkdtemp(join(tmpdir(), 'chainctl-engine-')), {});
  }

  /** @throws Error with the end of its log when it does not come up */
  static async #start(bin: string, store: string, folder: string, env: Env): Promise<RealEngine> {
    const log = openSync(join(folder, 'log'), 'a');
    const child = spawn(bin, ['serve'], {
      env: {
        PATH: process.env.PATH ?? '',
        // It makes a key pair there.
        HOME: folder,
        OLLAMA_HOST: '127.0.0.1:0',
        OLLAMA_MODELS: store,
        OLLAMA_DEBUG: '1',
        ...env,
      },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    let failure: unknown;
    child.once('error', (error) => {
      failure = error;
    });
    const text = () => readFileSync(join(folder, 'log'), 'utf8');
    try {
      const host = await until(`${bin} serve`, () => /msg="Listening on (\S+) /.exec(text())?.[1], {
        deadlineMs: START_MS,
        everyMs: 20,
        lastReason: () => text().slice(-2000),
        hopeless: () => (failure || child.exitCode !== null ? `${failure ?? text().slice(-2000)}` : undefined),
      });
      return new RealEngine(host as string, child, folder);
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Everything that it has logged, with `OLLAMA_DEBUG`. */
  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  /** How often it has loaded a model: each time it starts a process for it. */
  loads(): number {
    return this.log().match(/msg="starting runner" .* --model /g)?.length ?? 0;
  }

  /** Of each prompt so far its tokens, and how many of them were in its prefix cache. */
  prompts(): { readonly tokens: number; readonly cached: number }[] {
    const lines = this.log().matchAll(/msg="loading cache slot" .*?prompt=(\d+) used=(\d+)/g);
    return [...lines].map(([, tokens, cached]) => ({ tokens: Number(tokens), cached: Number(cached) }));
  }

  /** Context length of each loaded model, by name. */
  async contexts(): Promise<Record<string, number>> {
    const { models } = (await (await fetch(`${this.url}/api/ps`)).json()) as {
      models: { name: string; context_length: number }[];
    };
    return Object.fromEntries(models.map(({ name, context_length }) => [name, context_length]));
  }

  post(path: string, body: unknown, method = 'POST'): Promise<Response> {
    return fetch(this.url + path, { method, body: JSON.stringify(body) });
  }

  /** Unloads a model, as an operator does or the end of its keep-alive. */
  async unload(model: string): Promise<void> {
    await (await this.post('/api/generate', { model, keep_alive: 0 })).text();
  }

  async close(): Promise<void> {
    // Told to end it ends its models' processes first.
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function filesOfRun(): EngineFiles {
  const { OLLAMA_BIN: bin, CHAINCTL_ENGINE_MODELS: models } = process.env;
  if (!bin || !models) throw new Error('these tests need a real engine: npm run test:engine');
  return { bin, models };
}
