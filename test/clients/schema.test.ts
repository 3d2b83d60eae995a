import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_PYTHON, PYTHON } from './python-clients.ts';
import { type Service, Services } from './services.ts';

/** Seconds of requests for each service: the examples are drawn from a seed, so that a fault is found again. */
const SECONDS = 45;

describe.skipIf(PYTHON === undefined)(`schemathesis${PYTHON === undefined ? ` (not here: ${NO_PYTHON})` : ''}`, () => {
  const services = new Services();
  let [a, b, folder]: [Service?, Service?, string?] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chainctl-schema-'));
    const engine = await services.start('engine-sim', {
      ...{ SIM_MODELS: 'tinyllama,phi3:mini', SIM_LOAD_SECONDS: '0', SIM_PULL_SECONDS: '0', OLLAMA_NUM_PARALLEL: '4' },
      ...{ SIM_PROMPT_TOKENS_PER_SECOND: '0', SIM_OUTPUT_TOKENS_PER_SECOND: '0' },
    });
    const common = { OLLAMA_URL: engine.url, MAX_CONCURRENCY: '8' };
    b = await services.startReady('service-b', common);
    a = await services.startReady('service-a', {
      ...{ ...common, REMOTE_B_URL: `${b.url}/invoke`, HISTORY_PATH: join(folder, 'history.db') },
    });
  });
  afterAll(async () => {
    await services.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  test.each(['a', 'b'])('finds nothing in service %s that its /openapi.json does not say', async (side) => {
    const service = (side === 'a' ? a : b) as Service;
    const args = [
      ...[
        '-m',
        'schemathesis.cli',
        'run',
        `${service.url}/openapi.json`,
        '--no-color',
        '--workers',
        '1',
        '--seed',
        '14',
      ],
      ...['--phases', 'examples,coverage,fuzzing', '--max-examples', '40', '--max-time', String(SECONDS)],
      // What a field means together with others, and what an engine can do, no schema tells: such requests are refused with 400.
      ...['--checks', 'all', '--exclude-checks', 'positive_data_acceptance', '--continue-on-failure'],
      ...['--request-timeout', '20', '--generation-database', 'none'],
    ];
    const { code, said } = await run(args);
    expect(code, said).toBe(0);
    expect(said).toMatch(/(\d+) generated/);
  });

  /** Runs Python in a folder of its own. */
  function run(args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
    const env = { PATH: process.env.PATH ?? '', HOME: folder ?? '', PYTHONUNBUFFERED: '1' };
    return new Promise((resolve) => {
      execFile(PYTHON as string, args, { cwd: folder, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        resolve({ code, said: `${stdout}${stderr}`.slice(-8000) });
      });
    });
  }
});
