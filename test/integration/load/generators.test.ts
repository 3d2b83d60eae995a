import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { ANSWER, serve } from './lab.ts';

const run = promisify(execFile);

/** Another process sweeps `url`, with a limit of open files that its generators inherit. */
async function sweepUnder(limits: string, url: string, rate: number) {
  const outFolder = await mkdtemp(join(tmpdir(), 'chainctl-load-'));
  const module = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;
  const options = {
    ...{ targetUrl: url, outFolder, tag: 'lab', rates: [rate], durationSeconds: 2, warmupSeconds: 0.5 },
    ...{ timeoutSeconds: 5, drainSeconds: 5, prompt: DEFAULT_PROMPT, seed: 1, preflight: true, probe: true, about: {} },
  };
  const script = `
    const { runSweep } = await import('${module('services/load/sweep/run-sweep.ts')}');
    const { createChainClient } = await import('${module('services/chain/client.ts')}');
    const { systemClock } = await import('${module('runtime.ts')}');
    const emit = (event) => event.type === 'note' && console.error(event.text);
    const { signal } = new AbortController();
    const client = createChainClient({ clock: systemClock, timeoutMs: 5000, signal });
    const report = await runSweep(JSON.parse(process.argv[1]), { clock: systemClock, client, emit, signal });
    await client.close();
    console.log(report.runFolder);`;
  const node = [process.execPath, '--input-type=module', '-e', script, JSON.stringify(options)];
  const { stdout, stderr } = await run('bash', ['-c', `ulimit ${limits}; exec "$0" "$@"`, ...node]);
  return { notes: stderr, run: await readRun(stdout.trim()) };
}

test('more requests open than one process may have files: several generators, one schedule', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end(ANSWER), 800));
  });
  const { notes, run } = await sweepUnder('-n 164', url, 200);
  expect(notes).toMatch(/^\d+ generator processes: \d+ requests in flight need more than the 164 descriptors/m);
  expect(run.manifest).toMatchObject({ limits: { generators: 5, maxInFlight: 500 } });
  const [point] = run.points;
  expect(point).toMatchObject({ scheduled: 400, sent: 400, dropped: 0, outcomes: { ok: 400 } });
  // One process could not have had them open.
  expect(point?.peakInFlight).toBeGreaterThan(150);
}, 60_000);

test('a low soft limit of open files is raised to the hard one', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => response.end(ANSWER));
  });
  const { notes, run } = await sweepUnder('-Sn 80', url, 50);
  expect(notes).not.toContain('generator processes');
  const { descriptors } = (run.manifest as unknown as { limits: { descriptors: number } }).limits;
  expect(descriptors).toBeGreaterThan(1000);
}, 60_000);
