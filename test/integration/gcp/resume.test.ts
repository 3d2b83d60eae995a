import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Compute } from '../../../src/services/targets/gcp/compute.ts';
import { noPort80 } from '../../support/port-80.ts';
import { changed } from './gcp-stack.ts';
import { EVERYTHING, type GcpLab, NOTHING, openGcpLab } from './lab.ts';

let lab: GcpLab;
beforeEach(async () => {
  lab = await openGcpLab();
});
afterEach(() => lab.close());

class Killed extends Error {}

/** Compute Engine for a process that dies at its n-th change: before the call, or after it took effect unseen. */
function dyingAt(compute: Compute, n: number, when: 'before' | 'after'): Compute {
  let calls = 0;
  let dead = false;
  const alive = () => {
    if (dead) throw new Killed('the process is dead');
  };
  return {
    ...compute,
    async read(name, input, signal) {
      alive();
      return compute.read(name, input, signal);
    },
    async begin(name, input, signal) {
      alive();
      calls += 1;
      if (calls < n) return compute.begin(name, input, signal);
      dead = true;
      if (when === 'after') await compute.begin(name, input, signal);
      throw new Killed('the process is dead');
    },
  };
}

/** Of the fourteen changes of a deploy: each object is one, with labels two. */
const CHANGES = [1, 2, 5, 8, 9, 11, 14];

describe.skipIf(noPort80)(`a deploy that was killed${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it.each(CHANGES.flatMap((n) => [[n, 'before'] as const, [n, 'after'] as const]))(
    'at its %ith change, %s it took effect, is gone on with: nothing twice, nothing forgotten',
    async (n, when) => {
      const { gcp, stack } = lab;
      const compute = dyingAt(stack.deps.compute, n, when);
      await stack.deploy({}, { compute }).then(
        () => expect.fail('it was not killed'),
        () => undefined,
      );
      await stack.deploy();
      expect(gcp.count()).toEqual(EVERYTHING);
      expect(changed(await stack.deploy())).toEqual({});
    },
  );

  it('makes again what was made unseen and has gone since, although its token is known to have made it', async () => {
    const { gcp, stack } = lab;
    const { signal } = stack.deps;
    const compute: Compute = {
      ...stack.deps.compute,
      async begin(name, input, until) {
        const operation = await stack.deps.compute.begin(name, input, until);
        if (name === 'addresses.insert') throw new Killed('the process is dead');
        return operation;
      },
    };
    await expect(stack.deploy({}, { compute })).rejects.toThrow('the process is dead');
    await gcp.settled();
    await stack.deps.compute.begin('addresses.delete', { address: 'chainctl-test-address' }, signal);
    await gcp.settled();
    await stack.deploy();
    expect(gcp.count()).toEqual(EVERYTHING);
    expect(changed(await stack.deploy())).toEqual({});
  });

  it('leaves nothing that a teardown does not find, also with its state lost', async () => {
    const { gcp, stack } = lab;
    for (const n of [4, 8, 12]) {
      await stack.deploy({}, { compute: dyingAt(stack.deps.compute, n, 'after') }).catch(() => undefined);
      await gcp.settled();
      await stack.loseState();
      expect((await stack.teardown()).leftovers).toEqual([]);
      expect(gcp.count()).toEqual(NOTHING);
    }
  });
});

describe.skipIf(noPort80)(`a teardown that was killed${noPort80 ? ` (not here: ${noPort80})` : ''}`, () => {
  it('is gone on with', async () => {
    const { gcp, stack } = lab;
    await stack.deploy();
    for (const n of [2, 3, 4, 2]) {
      await stack.teardown({ compute: dyingAt(stack.deps.compute, n, 'after') }).catch(() => undefined);
    }
    expect((await stack.teardown()).leftovers).toEqual([]);
    expect(gcp.count()).toEqual(NOTHING);
    expect(await stack.record()).toBeUndefined();
  });
});
