import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUICK_ENGINE } from '../../lab/images.ts';
import { type BothClouds, startLab } from '../../lab/lab.ts';
import { labObstacle } from '../../lab/support.ts';
import type { RequestRecord } from '../../src/services/load/engine/request-record.ts';
import { readRun } from '../../src/services/load/record/read-run.ts';
import type { InstanceSample } from '../../src/services/stack/group.ts';
import { Cli, type CliResult } from '../support/cli.ts';
import { until } from '../support/until.ts';

const obstacle = await labObstacle(true);
const PATIENCE_MS = 300_000;
const span = [expect.any(Number), expect.any(Number)];

/** One VM serves a fast engine, so that the group follows the rate and nothing waits for answers. */
describe.skipIf(obstacle)(`a group that follows its load${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: BothClouds;
  let cli: Cli;

  beforeAll(async () => {
    [lab, cli] = await Promise.all([startLab({ vms: true, gcp: true }), Cli.open()]);
  });
  afterAll(async () => {
    await cli?.close();
    await lab?.stop();
  });

  const env = () => ({ ...lab.env, CHAINCTL_HOME: cli.home, CHAINCTL_OPERATOR_ADDRESS: `${lab.gateway}/32` });
  const json = (...args: string[]) => cli.json(args, { env: env() });
  // 16 requests a second keep one VM busy: watching alone, at 6 requests a look, never makes the group grow.
  const deploy = (...args: string[]) =>
    json(
      ...['deploy', 'gcp', '--yes', '--min', '1', '--max', '3', '--autoscale', 'lb=0.8', '--rate-per-vm', '20'],
      ...['--ollama-image', QUICK_ENGINE, ...args],
    );

  it('goes from one to three and back, in the timeline and in the figures', { timeout: PATIENCE_MS }, async () => {
    const deployed = await deploy('--min-process-seconds', '0.05');
    expect([deployed.code, deployed.envelope.error]).toEqual([0, undefined]);

    const before = lab.gcp.calls.length;
    const [load, watch] = await Promise.all([
      json(
        ...['load', '--elastic', '--target', 'invoke', '--requests-per-connection', '1'],
        ...['--capacity-per-instance', '16', '--elastic-min-rps', '1', '--elastic-max-rps', '32'],
        ...['--elastic-factor', '32', '--elastic-step', '3s', '--elastic-hold', '5s', '--elastic-interval', '1s'],
        ...['--elastic-grow', '120s', '--elastic-scale-in', '120s'],
      ),
      json('scale-watch', '--until', 'size=3', '--for', '60s', '--interval', '1s'),
    ]);
    const calls = lab.gcp.calls.length - before;
    expect(load.code).toBe(0);
    const { elastic, points, runFolder, scaling } = load.envelope.result;
    expect(elastic).toMatchObject({ startSize: 1, peakSize: 3, endSize: 1, size: 3, scaledIn: true });
    for (const { scheduled, sent, dropped } of points) expect(scheduled).toBe(sent + dropped);
    expect([watch.code, watch.envelope.result.end]).toEqual([0, 'until']);

    const rows = await timeline(join(cli.home, runFolder, 'gcp_scale.csv'));
    expect(rows[0]).toMatchObject({ target_size: '1', serving: '1' });
    expect(Math.max(...rows.map((row) => Number(row.target_size)))).toBe(3);
    expect(Math.max(...rows.map((row) => Number(row.serving)))).toBe(3);
    expect(rows.at(-1)).toMatchObject({ target_size: '1', instances: '1', healthy: '1', stable: '1' });
    // At most six a poll; the profile's first one comes before the timeline, and the end of the load may cut one off.
    expect(calls).toBeLessThanOrEqual(6 * (2 + rows.length + watch.envelope.result.looks));

    const arrivals = scaling.scaleOuts.flatMap((each: { arrivals: unknown[] }) => each.arrivals);
    expect(scaling.scaleOuts[0].decide).toEqual({ span });
    expect(arrivals.length).toBeGreaterThanOrEqual(2);
    for (const { phases } of arrivals)
      for (const phase of ['created', 'running', 'healthy', 'serving', 'firstAnswer', 'fairShare'])
        expect(phases[phase]).toEqual({ span, offset: span });
    expect(scaling.scaleIns.length).toBeGreaterThan(0);
    expect(scaling.metrics).toMatchObject({ underTime: span, overTime: span, instability: expect.any(Number) });
    const html = await readFile(join(cli.home, runFolder, 'report.html'), 'utf8');
    expect(html).toContain('1 → 3 → 1');
  });

  it('is replaced under load without a failed request', { timeout: PATIENCE_MS }, async () => {
    const [old] = await settled();
    const out = join(cli.home, 'rolling');
    const stop = new AbortController();
    const load = cli.json(
      [
        ...['load', '--target', 'invoke', '--rps', '5', '--duration', '20m', '--warmup', '0s', '--out', out],
        ...['--requests-per-connection', '4'],
      ],
      {
        env: env(),
        onStart: (child) => stop.signal.addEventListener('abort', () => child.kill('SIGINT')),
      },
    );
    await answered(load, out, old?.name);
    // Another setting is another template, and the same image.
    const again = await deploy('--min-process-seconds', '0.06');
    expect(again.code).toBe(0);
    const [fresh, ...others] = await settled();
    expect(others).toEqual([]);
    expect(fresh?.template).not.toBe(old?.template);
    await answered(load, out, fresh?.name);
    stop.abort();
    const { code, envelope } = await load;
    expect(code).toBe(130);

    const { runFolder } = envelope.result;
    const records = await requestsOf(runFolder);
    // What was open when the load was stopped did not fail.
    const failed = records.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'incomplete');
    expect(failed).toEqual([]);
    expect(new Set(records.flatMap(({ host }) => host ?? []))).toEqual(new Set([old?.name, fresh?.name]));
    expect(lab.gcp.problems).toEqual([]);
  });

  /** The instances of the group, once it is stable at one. */
  async function settled(): Promise<InstanceSample[]> {
    const { code, envelope } = await json('scale-watch', '--until', 'size=1,healthy=1,stable', '--for', '120s');
    expect(code).toBe(0);
    return envelope.result.last.group.instances;
  }
});

async function timeline(path: string): Promise<Record<string, string>[]> {
  const [head = [], ...rows] = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((row) => Object.fromEntries(head.map((name, place) => [name, row[place] ?? ''])));
}

async function requestsOf(folder: string): Promise<RequestRecord[]> {
  const { points, requests } = await readRun(folder);
  const all: RequestRecord[] = [];
  for (const point of points) for await (const record of requests(point)) all.push(record);
  return all;
}

/** Who has answered so far, in the files that a load writes while it runs. */
async function hostsIn(out: string): Promise<Set<string>> {
  const names = await readdir(out).catch(() => []);
  const files = names.filter((name) => /_rps\d+\.csv$/.test(name));
  const rows = await Promise.all(files.map((name) => timeline(join(out, name))));
  return new Set(rows.flat().flatMap(({ ok, host }) => (ok === '1' && host !== undefined ? [host] : [])));
}

/** Waits for a host's first answer, while the load that asks goes on. */
async function answered(load: Promise<CliResult>, out: string, host = ''): Promise<void> {
  let ended: CliResult | undefined;
  load.then((result) => {
    ended = result;
  });
  await until(`an answer of ${host}`, async () => (await hostsIn(out)).has(host), {
    deadlineMs: 120_000,
    everyMs: 200,
    hopeless: () => ended && `the load ended with ${ended.code}: ${ended.stderr.slice(-2000)}`,
  });
}
