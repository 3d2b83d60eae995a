import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createLab, type ProgramName, type Settings, spawnProgram } from './lab.ts';

const lab = createLab();

async function failure(name: ProgramName, settings: Settings): Promise<{ code: number | null; stderr: string }> {
  const child = spawnProgram(name, settings);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', (value) => resolve(value)));
  return { code, stderr };
}

test.each<[ProgramName, Settings, string]>([
  ['service-b', { MIN_PROCESS_SECONDS: 'soon' }, 'service-b: MIN_PROCESS_SECONDS: "soon" is not a number\n'],
  ['service-a', { REMOTE_B_URL: 'b:80' }, 'service-a: REMOTE_B_URL: "b:80" is not an http:// or https:// URL\n'],
  ['service-a', { PORT: '70000' }, 'service-a: PORT: "70000" is above the maximum 65535\n'],
  ['service-b', { KEEP_ALIVE_MODEL: '2562048h' }, 'service-b: KEEP_ALIVE_MODEL: "2562048h" is not a duration\n'],
  [
    'engine-sim',
    { SIM_OUTPUT_TOKENS_PER_SECOND: '-1' },
    'engine-sim: SIM_OUTPUT_TOKENS_PER_SECOND: "-1" is below the minimum 0\n',
  ],
  ['proxy', {}, 'proxy: PROXY_BACKENDS: "" names no backend (name=url or url, separated by commas)\n'],
])('%s with %o: exit 2 and one line that names the variable and the value', async (name, settings, line) => {
  expect(await failure(name, settings)).toEqual({ code: 2, stderr: line });
});

test('an address in use: one line, exit 1', async () => {
  const engine = await lab.engine();
  const { code, stderr } = await failure('engine-sim', { PORT: String(engine.port) });
  expect(code).toBe(1);
  expect(stderr).toBe(`engine-sim: address 127.0.0.1:${engine.port} is already in use (PORT, BIND_ADDRESS)\n`);
});

test('arguments are left to whoever tags processes with them', async () => {
  const engine = await lab.engine();
  const child = spawnProgram('service-b', { OLLAMA_URL: engine.url }, ['--chainctl-stack=x', 'and', 'more']);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await expect.poll(() => stderr).toContain('listening on');
  expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toContain('--chainctl-stack=x');
  child.kill('SIGTERM');
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
});
