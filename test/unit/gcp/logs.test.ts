import { expect, it } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import type { Event } from '../../../src/events.ts';
import { stackPaths } from '../../../src/services/stack/paths.ts';
import type { Compute } from '../../../src/services/targets/gcp/compute.ts';
import { groupLogs } from '../../../src/services/targets/gcp/logs.ts';

it('logs of a group know its VMs as they are now, and outlive a list that cannot be had', async () => {
  const trouble = (exit: 3 | 5) => new RemedyError('the API has trouble', { code: 'x', exit, nextSteps: ['wait'] });
  let answer: () => unknown = () => {
    throw trouble(ExitCode.unhealthy);
  };
  const listed = (status: string) => () => [['zones/a', { instances: [{ name: 'llm-b-x1', zone: 'a', status }] }]];
  const compute = { project: 'p', read: async () => answer() } as unknown as Compute;
  let now = 0;
  const logs = groupLogs({
    compute: async () => compute,
    paths: stackPaths('none', 's'),
    service: 'b',
    clock: { now: () => now, monotonic: () => now, sleep: async () => {} },
  });
  const events: Event[] = [];
  const context = { emit: (event: Event) => void events.push(event), signal: new AbortController().signal };
  const notes = () => events.splice(0).flatMap((event) => (event.type === 'note' ? event.text : []));
  const list = () => {
    now += 11_000;
    return logs('process', context);
  };

  await expect(list()).rejects.toThrow('the API has trouble');
  answer = listed('STAGING');
  const [log] = await list();
  expect(log?.source).toBe('b-x1');
  expect(await log?.tail(5)).toEqual([]);
  expect(notes()).toEqual(['no log of llm-b-x1: it is STAGING']);

  answer = () => {
    throw trouble(ExitCode.unhealthy);
  };
  expect(await list()).toHaveLength(1);
  expect(await list()).toHaveLength(1);
  expect(notes()).toEqual(['the VMs of the group cannot be listed: the API has trouble']);

  answer = listed('RUNNING');
  await list();
  await log?.read();
  expect(notes()).toEqual([expect.stringContaining('no log of llm-b-x1: it has no public address')]);

  answer = () => {
    throw trouble(ExitCode.configuration);
  };
  await expect(list()).rejects.toThrow('the API has trouble');
});
