import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface RealChain {
  readonly a: string;
  readonly b: string;
  stop(): Promise<void>;
}

/**
 * A, B and the simulated engine as processes of their own, ready to answer.
 *
 * @param pipeline text of the file of A's graph; default: the one that is built in
 */
export async function startRealChain(minProcessSeconds: number, pipeline?: string): Promise<RealChain> {
  const folder = await mkdtemp(join(tmpdir(), 'chainctl-smoke-'));
  const file = join(folder, 'chain.yaml');
  if (pipeline !== undefined) await writeFile(file, pipeline);
  const children: ChildProcess[] = [];
  const start = async (name: string, env: Record<string, string>) => {
    const port = await freePort();
    const script = new URL(`../../../templates/services/${name}/main.ts`, import.meta.url).pathname;
    const child = spawn(process.execPath, [script], {
      env: { PORT: String(port), BIND_ADDRESS: '127.0.0.1', SERVICE_HOST: name, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return `http://127.0.0.1:${port}`;
  };
  const stop = async () => {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const engine = await start('engine-sim', {
      SIM_MODELS: 'tinyllama,phi3:mini',
      SIM_LOAD_SECONDS: '0.1',
      SIM_ANSWER_TOKENS: '0',
      SIM_SPREAD: '0',
      SIM_OUTPUT_TOKENS_PER_SECOND: '2000',
      SIM_PROMPT_TOKENS_PER_SECOND: '20000',
    });
    const shared = { OLLAMA_URL: engine };
    const b = await start('service-b', {
      ...shared,
      MIN_PROCESS_SECONDS: String(minProcessSeconds),
      LOG_PATH: join(folder, 'b.jsonl'),
    });
    const a = await start('service-a', {
      ...{ ...shared, REMOTE_B_URL: `${b}/invoke`, LOG_PATH: join(folder, 'a.jsonl') },
      ...(pipeline === undefined ? {} : { CHAIN_FILE: file }),
    });
    await Promise.all([untilHealthy(a), untilHealthy(b)]);
    return { a, b, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilHealthy(base: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  let last = '';
  while (performance.now() < deadline) {
    try {
      const answer = await fetch(`${base}/health`);
      last = await answer.text();
      if (answer.ok) return;
    } catch (error) {
      last = String(error);
    }
    await delay(100);
  }
  throw new Error(`${base} did not become healthy: ${last}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
