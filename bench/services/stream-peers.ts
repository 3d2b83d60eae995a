import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { RealEngine } from '../../test/support/real-engine.ts';
import type { BenchRow } from '../types.ts';
import type { startProgram } from './programs.ts';
import { figuresOf, oneByOne } from './stream-clients.ts';

/** LiteLLM takes seconds to begin, on a busy machine many. */
const START_MS = 90_000;
const PORT = 24_400 + (process.pid % 1000);

/** LiteLLM's program: named by BENCH_LITELLM, or on PATH (`pip install 'litellm[proxy]'`). */
function litellmProgram(): string | undefined {
  const named = process.env.BENCH_LITELLM;
  if (named !== undefined) return named;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'litellm')).find((path) => existsSync(path));
}

/** A peer that runs, or why it does not. */
export type Peer = { readonly url: string } | { readonly why: string };

/** Uses LiteLLM's proxy in front of an engine, where it is installed. */
export async function withLiteLlm<T>(engineUrl: string, use: (peer: Peer) => Promise<T>): Promise<T> {
  const program = litellmProgram();
  if (program === undefined) return use({ why: 'not installed (PATH, or BENCH_LITELLM)' });
  const folder = mkdtempSync(join(tmpdir(), 'chainctl-litellm-'));
  const config = join(folder, 'config.yaml');
  const params = { model: 'openai/paced', api_base: `${engineUrl}/v1`, api_key: 'none' };
  // YAML takes JSON.
  writeFileSync(config, JSON.stringify({ model_list: [{ model_name: 'paced', litellm_params: params }] }));
  const args = ['--config', config, '--host', '127.0.0.1', '--port', String(PORT), '--num_workers', '1'];
  const open = 'LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY';
  // On loopback for a minute, in front of an engine that says nothing: it needs no key.
  const env = { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR', [open]: 'true' };
  const child = spawn(program, args, { cwd: folder, env, stdio: 'ignore' });
  try {
    return await use(await untilAlive(child, `http://127.0.0.1:${PORT}`));
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilAlive(child: ChildProcess, url: string): Promise<Peer> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`${url}/health/liveliness`).catch(() => undefined);
    if (answer?.ok === true) return { url };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { why: `it has not come up within ${START_MS / 1000} s` };
}

const MODEL = 'gemma3:270m';
/** Enough for a first token; without a limit one answer takes seconds, and there are too few of them. */
const MAX_TOKENS = 8;
const REAL_ROUNDS = 5;
const REAL_STREAMS = 8;

/** First tokens of a real model by Ollama's own `/v1`, and by B's in front of it. */
export async function withOllama(start: typeof startProgram): Promise<BenchRow[]> {
  const { OLLAMA_BIN: bin, CHAINCTL_ENGINE_MODELS: models } = process.env;
  const what = 'first token of a real model through B, more than by Ollama, median';
  if (!bin || !models) {
    const compare = 'OLLAMA_BIN and CHAINCTL_ENGINE_MODELS are not set: "node .tools/engine.mjs" prints them';
    return [{ what, measured: null, unit: 'ms', target: '-', ok: true, compare }];
  }
  const engine = await RealEngine.open({}, { bin, models });
  try {
    const b = await start('service-b', { OLLAMA_URL: engine.url, OLLAMA_MODEL: MODEL, MIN_PROCESS_SECONDS: '0' });
    const way = (url: string) => ({ target: { url, model: MODEL, maxTokens: MAX_TOKENS }, times: [] as number[] });
    const [throughB, own] = [way(b.url), way(engine.url)];
    // By turns, so that a slow minute is everybody's; the first round is for warming up.
    for (let round = 0; round <= REAL_ROUNDS; round++) {
      for (const { target, times } of [throughB, own]) {
        const some = await oneByOne(target, REAL_STREAMS);
        if (round > 0) times.push(...some);
      }
    }
    const [one, other] = [figuresOf(throughB.times), figuresOf(own.times)];
    const measured = Math.round((one.p50 - other.p50) * 100) / 100;
    const compare = `${one.p50.toFixed(1)} ms against ${other.p50.toFixed(1)}, ${one.count} streams each, one at a time`;
    return [{ what, measured, unit: 'ms', target: '-', ok: true, compare }];
  } finally {
    await engine.close();
  }
}
