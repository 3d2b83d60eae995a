import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { hostProbe } from '../../../src/services/scaling/host-probe.ts';
import { readTimeline } from '../../../src/services/scaling/read-timeline.ts';
import { recordedWatch } from '../../../src/services/scaling/recorded-watch.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import { parseUntil } from '../../../src/services/scaling/until.ts';
import { localSource } from '../../../src/services/targets/local/group-source.ts';
import { TestStack } from '../../support/local-stack.ts';
import { until } from '../../support/until.ts';

let stack: TestStack;
let out: string;
beforeEach(async () => {
  stack = await TestStack.open();
  out = await mkdtemp(join(tmpdir(), 'chainctl-watch-'));
});
afterEach(async () => {
  await stack.close();
  await rm(out, { recursive: true, force: true });
});

const sourceOf = () => localSource(stack.paths, { clock: systemClock, processes: stack.processes });

async function watch(goal: string, onSample: (sample: ScaleSample) => void = () => {}) {
  const source = await sourceOf();
  const options = { intervalSeconds: 0.2, forSeconds: 120, until: parseUntil(goal) };
  const deps = {
    source,
    probe: hostProbe(source.url ?? '', {}),
    clock: systemClock,
    emit: stack.deps.emit,
    signal: new AbortController().signal,
    onSample,
  };
  return recordedWatch({ outFolder: out, tag: 'local' }, options, deps);
}

describe('the replicas of this machine as a group', () => {
  it('are seen to grow and to shrink, and who answers with them', async () => {
    await stack.deploy({ replicas: 1 });
    const before = await watch('healthy=1,stable,hosts=1');
    expect(before).toMatchObject({ end: 'until', last: { hosts: [{ host: 'b-1', answers: 6 }] } });

    let grown: Promise<unknown> | undefined;
    const up = await watch('size=3,healthy=3,hosts=3,stable', () => {
      grown ??= stack.deploy({ replicas: 3 });
    });
    await grown;
    expect(up.end).toBe('until');
    const { hosts = [], group } = up.last ?? {};
    expect(hosts.map(({ host }) => host)).toEqual(['b-1', 'b-2', 'b-3']);
    expect(hosts.every(({ answers }) => answers >= 1)).toBe(true);
    expect(group?.instances[0]).toMatchObject({
      ...{ name: 'b-1', stage: 'serving', detail: { record: 'ready', health: 'healthy', proxy: 'in' } },
      createdAt: expect.any(Number),
    });

    let shrunk: Promise<unknown> | undefined;
    const down = await watch('size=1,stable,hosts=1', () => {
      shrunk ??= stack.deploy({ replicas: 1 });
    });
    await shrunk;
    expect(down).toMatchObject({ end: 'until', last: { hosts: [{ host: 'b-1' }] } });

    const csv = await readFile(up.scaleCsv, 'utf8');
    expect(csv.trim().split('\n')).toHaveLength(1 + up.looks);
    expect(await readFile(join(out, 'local_scale.csv'), 'utf8')).toBe(await readFile(down.scaleCsv, 'utf8'));
    const timeline = await readTimeline(up.runFolder);
    expect(timeline?.samples).toHaveLength(up.looks);
    expect(timeline?.samples.at(-1)?.group.targetSize).toBe(3);
  });

  it('show a replica that died, until the next deploy brings it back', async () => {
    await stack.deploy({ replicas: 2 });
    const pid = (await stack.running())['b-2'];
    process.kill(pid as number, 'SIGKILL');
    await until('b-2 is gone', async () => !('b-2' in (await stack.running())));
    const without = await watch('healthy=1,hosts=1');
    expect(without.end).toBe('until');
    expect(without.last?.group).toMatchObject({ targetSize: 2, stable: false });
    expect(without.last?.group.instances[1]).toMatchObject({
      name: 'b-2',
      stage: 'leaving',
      detail: { health: 'no process' },
    });
    await stack.deploy({ replicas: 2 });
    expect(await watch('healthy=2,hosts=2,stable')).toMatchObject({ end: 'until' });
  });

  it('are not there without a chain on this machine', async () => {
    await expect(sourceOf()).rejects.toMatchObject({ code: 'no-stack', exit: 3 });
    await stack.deploy({ replicas: 1 });
    const source = await sourceOf();
    await stack.teardown();
    await expect(source.sample(AbortSignal.timeout(5000))).rejects.toMatchObject({ exit: 3 });
  });
});
