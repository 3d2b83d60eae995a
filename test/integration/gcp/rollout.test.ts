import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noPort80 } from '../../support/port-80.ts';
import { changed } from './gcp-stack.ts';
import { BROKEN, EVERYTHING, type GcpLab, openGcpLab } from './lab.ts';

let lab: GcpLab;
beforeEach(async () => {
  // Draining ends when nothing is under way; its deadline is only for what hangs.
  lab = await openGcpLab({ realSecondMs: 100 });
});
afterEach(() => lab.close());

const changedSource = () => {
  lab.stack.source = { ...lab.stack.source, hash: 'two', metadata: { 'startup-script': 'two' } };
};
const brokenSource = () => {
  lab.stack.source = { ...lab.stack.source, hash: 'broken', metadata: BROKEN };
};
const scripts = () => [...lab.machines.all.values()].map(({ request }) => request.metadata['startup-script']);

/** Asks B again and again, each time over a new connection, until it is stopped; returns what was not a 200. */
function asking(url: string) {
  const faults: string[] = [];
  let going = true;
  const loop = (async () => {
    while (going) {
      const fault = await lab.stack.deps.probe(`${url}/health`, lab.stack.deps.signal);
      if (fault !== undefined) faults.push(fault);
    }
  })();
  return async () => {
    going = false;
    await loop;
    return faults;
  };
}

describe.skipIf(noPort80)(`another template${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('is rolled out while B goes on answering, and the one before is removed last', async () => {
    const { gcp, stack } = lab;
    const { endpoints } = await stack.deploy({ min: 2 });
    const stop = asking(endpoints.b as string);
    changedSource();
    const deployment = await stack.deploy({ min: 2 });
    expect(await stop()).toEqual([]);
    expect(Object.values(changed(deployment)).sort()).toEqual(['create', 'remove', 'update']);
    expect(scripts()).toEqual(['two', 'two']);
    expect(gcp.count()).toMatchObject({ instanceTemplates: 1, instances: 2 });
    expect(changed(await stack.deploy({ min: 2 }))).toEqual({});
  });

  it('that never serves is taken back, says why, and stays to be tried again or dropped', async () => {
    const { gcp, stack } = lab;
    const good = stack.source;
    const { endpoints } = await stack.deploy();
    const stop = asking(endpoints.b as string);
    brokenSource();
    await expect(stack.deploy({ readySeconds: 3 })).rejects.toMatchObject({
      code: 'gcp-rolled-back',
      exit: 5,
      message: expect.stringMatching(/rolled back to chainctl-test-template-\w+, which is serving: .*(health|ready)/),
    });
    expect(await stop()).toEqual([]);
    expect(scripts()).toEqual(['#!/bin/sh\n']);
    expect(gcp.count()).toMatchObject({ instanceTemplates: 2, instances: 1 });

    stack.source = good;
    // The group once more, since its change has not come to its end.
    expect(Object.values(changed(await stack.deploy()))).toEqual(['update', 'remove']);
    expect(gcp.count()).toEqual(EVERYTHING);
  });

  it('of a run that was stopped in the middle is gone on with, and still taken back when it does not serve', async () => {
    const { stack } = lab;
    // Autohealing says nothing for so long: the deadline does.
    stack.source = { ...stack.source, startSeconds: 3000 };
    await stack.deploy();
    brokenSource();
    const stopped = new AbortController();
    const emit: typeof stack.deps.emit = (event) => {
      stack.deps.emit(event);
      if (event.type === 'step-waiting' && event.action === 'update') stopped.abort(new Error('stopped'));
    };
    await expect(stack.deploy({}, { emit, signal: stopped.signal })).rejects.toThrow('stopped');
    await expect(stack.deploy({ readySeconds: 3 })).rejects.toMatchObject({ code: 'gcp-rolled-back' });
    expect(scripts()).toEqual(['#!/bin/sh\n']);
    changedSource();
    await stack.deploy();
    expect(scripts()).toEqual(['two']);
    expect(lab.gcp.count()).toEqual(EVERYTHING);
  });
});
