import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePort } from '../../src/services/targets/local/ports.ts';
import { COMPOSE } from '../unit/host/templates.ts';
import { until } from './until.ts';

/** llama.cpp's server, and the file of a model, as `npm run test:engine` tells its tests; or why there is none. */
const { CHAINCTL_LLAMA_SERVER: BIN, CHAINCTL_ENGINE_GGUF: FILE = '' } = process.env;
export const GGUF = FILE;
export const NO_LLAMA_SERVER =
  BIN === undefined ? (process.env.CHAINCTL_NO_LLAMA_SERVER ?? 'npm run test:engine has it') : undefined;

/** The name that the compose file gives the model: that of its file. */
export const LLAMA_MODEL = 'gemma-3-270m-q4_k_m.gguf';

const START_MS = 60_000;

type Values = Readonly<Record<string, string>>;

/** What Docker Compose makes of `${NAME:-default}`. */
export function substituted(text: string, values: Values): string {
  return text.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name, fallback = '') => values[name] || fallback);
}

/** The command line that the compose file of B gives llama-server. */
function llamaArguments(values: Values): string[] {
  const { services } = parse(COMPOSE.b, { merge: true });
  return services.llamacpp.command.map((word: string | number) => substituted(`${word}`, values));
}

interface Options {
  /** Of a compose.env: slots, context. */
  readonly values?: Values;
  readonly file?: string;
  /** Another one than a free one. */
  readonly port?: number;
  /** Words behind those of the compose file. */
  readonly more?: readonly string[];
  /** Do not wait until the model is loaded. */
  readonly early?: boolean;
}

/** A slot, as `/slots` tells it. */
export interface Slot {
  readonly is_processing: boolean;
  /** Of one at work. */
  readonly next_token?: readonly { readonly n_decoded: number }[];
}

/** A real llama-server on loopback, started as the compose file starts it; it ends with `close`. */
export class LlamaServer {
  readonly url: string;
  readonly child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.child = child;
    this.#folder = folder;
  }

  /** @throws Error with the end of its log when it does not come up */
  static async open({ values = {}, file = GGUF, port, more = [], early = false }: Options = {}): Promise<LlamaServer> {
    const folder = await mkdtemp(join(tmpdir(), 'chainctl-llama-'));
    const at = port ?? (await freePort(new Set()));
    // One thread: several wait for each other by spinning, and starve whatever else runs here.
    const words = llamaArguments({ MODEL_FILE: LLAMA_MODEL, LLAMA_THREADS: '1', ...values });
    const args = Object.entries({ '--model': file, '--host': '127.0.0.1', '--port': `${at}` }).reduce(
      (line, [name, value]) => line.with(line.indexOf(name) + 1, value),
      words,
    );
    const log = openSync(join(folder, 'log'), 'a');
    const child = spawn(BIN ?? 'llama-server', [...args, ...more], {
      env: { PATH: process.env.PATH ?? '', HOME: folder },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    let failure: unknown;
    child.once('error', (error) => {
      failure = error;
    });
    const server = new LlamaServer(`http://127.0.0.1:${at}`, child, folder);
    const ended = () => (failure || child.exitCode !== null ? `${failure ?? server.log().slice(-2000)}` : undefined);
    try {
      const up = async () => (await server.#health()) === 200 || early;
      await until('llama-server', up, { deadlineMs: START_MS, everyMs: 10, hopeless: ended });
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  async slots(): Promise<Slot[]> {
    return (await (await fetch(`${this.url}/slots`)).json()) as Slot[];
  }

  /** How many of its slots are at work. */
  async busy(): Promise<number> {
    return (await this.slots()).filter(({ is_processing }) => is_processing).length;
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #health(): Promise<number> {
    return (await fetch(`${this.url}/health`)).status;
  }
}
