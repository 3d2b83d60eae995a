import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginKeys } from '../../../src/services/machine/login-keys.ts';
import { type StackPaths, stackPaths } from '../../../src/services/stack/paths.ts';
import type { Compute } from '../../../src/services/targets/gcp/compute.ts';
import { HOST_KEY_B } from '../../../src/services/targets/gcp/request.ts';
import { chooseVm, type GroupVm, listVms, sshCommandB } from '../../../src/services/targets/gcp/vms.ts';

const vm = (name: string, more: Partial<GroupVm> = {}): GroupVm => ({
  ...{ name, zone: 'europe-west3-c', status: 'RUNNING', address: '192.0.2.1' },
  ...{ createdAt: '2026-01-01T00:00:00Z', builder: false },
  ...more,
});

describe('the VM that is meant', () => {
  const vms = [vm('llm-b-new', { status: 'STAGING' }), vm('llm-b-x7kq'), vm('llm-b-old')];

  it('is the newest that runs, or the one with the name or its end', () => {
    expect(chooseVm(vms, undefined, { stack: 's', service: 'b' }).name).toBe('llm-b-x7kq');
    expect(chooseVm(vms, 'old', { stack: 's', service: 'b' }).name).toBe('llm-b-old');
    expect(chooseVm(vms, 'llm-b-new', { stack: 's', service: 'b' }).name).toBe('llm-b-new');
  });

  it('is none: the names are told', () => {
    const names = 'it has llm-b-new, llm-b-x7kq, llm-b-old';
    expect(() => chooseVm(vms, 'b', { stack: 's', service: 'b' })).toThrow(
      expect.objectContaining({ exit: 3, nextSteps: [names] }),
    );
    expect(() => chooseVm([], undefined, { stack: 's', service: 'b' })).toThrow(/stack s has no VM of service B/);
  });

  it('is listed newest first, the builder last', async () => {
    const at = (name: string, time: string, labels = {}) => ({ name, creationTimestamp: time, labels, zone: 'z/a' });
    const instances = [
      at('builder', '2026-01-03T00:00:00Z', { 'chainctl-key': 'builder-1' }),
      at('one', '2026-01-01T00:00:00.000-08:00'),
      at('two', '2026-01-01T00:00:00.000Z'),
    ];
    const compute = { read: async () => [['zones/a', { instances }]] } as unknown as Compute;
    const found = await listVms(compute, 's', new AbortController().signal);
    expect(found.map(({ name }) => name)).toEqual(['one', 'two', 'builder']);
  });
});

describe('ssh b', () => {
  let home: string;
  let paths: StackPaths;
  const compute = { project: 'acme' };
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'chainctl-ssh-'));
    paths = stackPaths(home, 's');
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('says where the keys are when they are not here', async () => {
    await expect(sshCommandB(vm('b'), { compute, paths, request: undefined, service: 'b' })).rejects.toMatchObject({
      code: 'no-keys',
    });
  });

  it('trusts the one host key of the stack alone', async () => {
    await loginKeys(paths, HOST_KEY_B, true);
    const words = await sshCommandB(vm('b'), { compute, paths, request: undefined, service: 'b' });
    expect(words).toEqual(expect.arrayContaining(['StrictHostKeyChecking=yes', 'HostKeyAlias=chainctl-s-b']));
    expect(words.at(-1)).toBe('ubuntu@192.0.2.1');
  });

  it('gives the way through the proxy to a VM without a public address', async () => {
    const hidden = vm('llm-b-x7kq', { address: undefined });
    const error = await sshCommandB(hidden, { compute, paths, request: { network: 'inner' }, service: 'b' }).catch(
      (each) => each,
    );
    expect(error).toMatchObject({ code: 'no-address', message: 'the VM llm-b-x7kq has no public address' });
    const [login, rule] = error.nextSteps as string[];
    expect(login).toContain(
      "'ProxyCommand=gcloud compute start-iap-tunnel llm-b-x7kq 22 --listen-on-stdin --project acme --zone europe-west3-c'",
    );
    expect(rule).toContain('--network inner --allow tcp:22 --source-ranges 35.235.240.0/20 --target-tags chainctl-s-b');
  });
});
