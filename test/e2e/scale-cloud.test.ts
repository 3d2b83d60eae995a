import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cli } from '../support/cli.ts';
import { startCloudGroup, ZONE } from '../support/cloud-group.ts';
import { exitOfPoints } from '../support/exit-of-points.ts';
import { noPort80 } from '../support/port-80.ts';

let cli: Cli;
let cloud: Awaited<ReturnType<typeof startCloudGroup>>;
beforeEach(async () => {
  cli = await Cli.open();
  // One instance with two CPUs takes 12 requests a second at 60 %.
  cloud = await startCloudGroup({ cpuPerRequest: 0.1 });
});
afterEach(async () => {
  await cloud.stop();
  await cli.close();
});

describe.skipIf(noPort80)(`a group that chainctl did not make${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('grows and shrinks under an elastic load, and every look takes at most six calls', async () => {
    const { gcp, url } = cloud;
    const where = [
      ...['--project', gcp.project, '--zones', ZONE, '--group', 'llm-b-mig', '--gcp-endpoint-url', gcp.url],
      ...['--backend-service', 'llm-b-backend', '--url', url],
    ];
    const seen = await cli.json(['scale-watch', ...where, '--until', 'size=1,healthy=1,stable', '--for', '30s']);
    expect(seen.envelope.result).toMatchObject({ group: 'llm-b-mig', end: 'until' });

    const before = gcp.calls.length;
    const load = await cli.json([
      ...['load', '--elastic', '--target', `${url}/invoke`, '--tag', 'gcp', ...where],
      ...['--elastic-min-rps', '2', '--elastic-max-rps', '40', '--elastic-step', '2s', '--elastic-hold', '2s'],
      ...['--elastic-grow', '60s', '--elastic-scale-in', '60s', '--elastic-interval', '500ms'],
      ...['--requests-per-connection', '1', '--capacity-per-instance', '12'],
    ]);
    expect(load.code).toBe(exitOfPoints(load.envelope));
    const { elastic, points, runFolder, scaling } = load.envelope.result;
    expect(elastic).toMatchObject({
      group: 'llm-b-mig',
      startSize: 1,
      peakSize: 3,
      endSize: 1,
      size: 3,
      scaledIn: true,
    });
    for (const { scheduled, sent, dropped } of points) expect(scheduled).toBe(sent + dropped);

    const csv = await readFile(join(cli.home, runFolder, 'gcp_scale.csv'), 'utf8');
    const [head = '', ...rows] = csv.trim().split('\n');
    const sizes = rows.map((row) => Number(row.split(',')[head.split(',').indexOf('target_size')]));
    expect(sizes[0]).toBe(1);
    expect(Math.max(...sizes)).toBe(3);
    expect(sizes.at(-1)).toBe(1);
    // The look before the load, and one row each.
    expect(gcp.calls.length - before).toBeLessThanOrEqual(6 * (rows.length + 1));
    expect(scaling.metrics).toBeDefined();
    expect(scaling.scaleOuts.length).toBeGreaterThan(0);
  });

  it('whose API fails for a while is watched on; expired credentials end it with 3', async () => {
    const { gcp } = cloud;
    const where = ['--project', gcp.project, '--zones', ZONE, '--group', 'llm-b-mig', '--gcp-endpoint-url', gcp.url];
    gcp.faults.add({ action: 'instanceGroupManagers.get', kind: 'error', status: 503, times: 2 });
    const through = await cli.run([
      'scale-watch',
      ...where,
      '--until',
      'stable',
      '--for',
      '30s',
      '--interval',
      '500ms',
    ]);
    expect(through.code).toBe(0);
    expect(through.stderr).toMatch(/! \d\d:\d\d:\d\d the group was not seen: /);
    expect(through.stderr).toContain('seen again, without a problem');

    gcp.faults.add({ kind: 'expired-credentials', times: 99, after: 8 });
    const ended = await cli.run(['scale-watch', ...where, '--record', '--for', '30s', '--interval', '500ms']);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('credentials');
    expect(await readFile(join(cli.home, 'results', 'gcp_scale.csv'), 'utf8')).toContain('llm-b-mig');
  });
});
