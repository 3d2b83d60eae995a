import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { hostProbe } from '../../../src/services/scaling/host-probe.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import { parseUntil } from '../../../src/services/scaling/until.ts';
import { type WatchOptions, watchGroup } from '../../../src/services/scaling/watch.ts';
import { openCompute } from '../../../src/services/targets/gcp/compute.ts';
import { groupSource } from '../../../src/services/targets/gcp/group-source.ts';
import { startCloudGroup, ZONE } from '../../support/cloud-group.ts';
import { noPort80 } from '../../support/port-80.ts';

let cloud: Awaited<ReturnType<typeof startCloudGroup>>;
beforeEach(async () => {
  cloud = await startCloudGroup();
});
afterEach(() => cloud.stop());

/** Watches the group as the command does; tells every look with the calls that it took. */
async function watch(until: string, options: Partial<WatchOptions> = {}, onLook?: (sample: ScaleSample) => void) {
  const { gcp, url } = cloud;
  const compute = await openCompute({
    project: gcp.project,
    zone: ZONE,
    endpoint: gcp.url,
    clock: systemClock,
    attempts: 1,
  });
  const place = { group: 'llm-b-mig', location: { zone: ZONE }, backendService: 'llm-b-backend', url };
  const looks: { readonly sample: ScaleSample; readonly calls: readonly string[] }[] = [];
  let counted = gcp.calls.length;
  const report = await watchGroup(
    { intervalSeconds: 0.1, forSeconds: 120, until: parseUntil(until), ...options },
    {
      source: groupSource(compute, place, systemClock),
      probe: hostProbe(url, {}),
      clock: systemClock,
      emit: () => {},
      signal: new AbortController().signal,
      onSample(sample) {
        looks.push({ sample, calls: gcp.calls.slice(counted).map(({ action }) => action) });
        counted = gcp.calls.length;
        onLook?.(sample);
      },
    },
  );
  return { report, looks };
}

describe.skipIf(noPort80)(`a watched group on Compute Engine${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('goes from 1 to 3 to 1, seen with at most six calls a look', async () => {
    expect((await watch('healthy=1,stable,hosts=1')).report.end).toBe('until');
    cloud.machines.setCpu(4);
    const began = Date.now();
    const up = await watch('size=3,healthy=3,stable,hosts=3');
    expect(up.report).toMatchObject({ end: 'until', problems: 0 });
    cloud.machines.setCpu(0);
    const down = await watch('size=1,stable,hosts=1');
    expect(down.report).toMatchObject({ end: 'until' });
    for (const { calls } of [...up.looks, ...down.looks]) expect(calls.length).toBeLessThanOrEqual(6);

    const last = up.report.last;
    expect(last?.group.instances.map(({ name }) => name).every((name) => name.startsWith('llm-b-'))).toBe(true);
    expect(last?.group.autoscaler).toMatchObject({ status: 'ACTIVE', recommendedSize: 3, min: 1, max: 3 });
    expect(last?.hosts.map(({ host }) => host)).toEqual(last?.group.instances.map(({ name }) => name).sort());
    // One was there before the watch: its age is asked for.
    const made = last?.group.instances.map(({ createdAt = Number.NaN }) => createdAt) ?? [];
    expect(made.filter((at) => at < began)).toHaveLength(1);
    expect(made.filter((at) => at >= began)).toHaveLength(2);
    // What is on its way is seen on its way.
    const stages = new Set(up.looks.flatMap(({ sample }) => sample.group.instances.map(({ stage }) => stage)));
    expect(stages).toContain('creating');
  });

  it('goes on through a 503, and ends when the credentials do', async () => {
    const { gcp } = cloud;
    gcp.faults.add({ action: 'instanceGroupManagers.get', kind: 'error', status: 503 });
    const through = await watch('stable,hosts=1');
    expect(through.report).toMatchObject({ end: 'until', problems: expect.any(Number) });
    expect(through.looks[0]?.sample.problem).toMatch(/^the group was not seen: .*unavailable/i);
    expect(through.looks[0]?.calls).toEqual(['instanceGroupManagers.get']);

    const expired = watch('size=9', {}, () => gcp.faults.add({ kind: 'expired-credentials', times: 9 }));
    await expect(expired).rejects.toMatchObject({ exit: 3 });
  });

  it('tells a stock-out in its own words while it waits', async () => {
    cloud.gcp.behaviour.stockOuts.add(ZONE);
    cloud.machines.setCpu(4);
    const { report } = await watch('size=3', { forSeconds: 3 });
    expect(report.end).toBe('for');
    expect(report.last?.group.errors.map(({ code }) => code).join(' ')).toMatch(/ZONE_RESOURCE_POOL_EXHAUSTED/);
  });

  it('that does not exist ends the watch at once', async () => {
    const { gcp } = cloud;
    const compute = await openCompute({ project: gcp.project, zone: ZONE, endpoint: gcp.url, clock: systemClock });
    const source = groupSource(compute, { group: 'nobody', location: { zone: ZONE } }, systemClock);
    await expect(source.sample(AbortSignal.timeout(5000))).rejects.toMatchObject({ exit: 3 });
  });
});
