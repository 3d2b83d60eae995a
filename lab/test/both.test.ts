import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '../gcp/caller.ts';
import { INSTANCE, ZONE } from '../gcp/chain.ts';
import { type BothClouds, startLab } from '../lab.ts';
import { labObstacle } from '../support.ts';

const obstacle = await labObstacle(false);

describe.skipIf(obstacle)(`both clouds in one lab${obstacle ? ` (not here: ${obstacle})` : ''}`, () => {
  let lab: BothClouds;
  let api: Caller;

  beforeAll(async () => {
    lab = await startLab({ gcp: { operationMs: 10 } });
    api = new Caller(lab.gcp);
  });
  afterAll(() => lab?.stop());

  it('are told by one environment', () => {
    expect(lab.env).toMatchObject({
      AWS_ENDPOINT_URL_EC2: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
      CHAINCTL_GCP_ENDPOINT_URL: lab.gcp.url,
      CHAINCTL_HOME: expect.stringContaining(lab.folder),
      CLOUDSDK_CONFIG: expect.stringContaining(lab.folder),
    });
  });

  it('have instances of their own', async () => {
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    expect(lab.gcp.count()).toMatchObject({ instances: 1, disks: 1, forwardingRules: 0 });
    expect(await lab.countPlainly()).toMatchObject({ instances: 0 });
    expect(lab.gcp.calls.map(({ action }) => action)).toContain('instances.insert');
    expect(lab.calls.map(({ action }) => action)).not.toContain('instances.insert');
    await api.must('DELETE', `${ZONE}/instances/vm`);
    expect(Object.values(lab.gcp.count()).every((count) => count === 0)).toBe(true);
  });

  it('go wrong one by one', async () => {
    lab.faults.add({ kind: 'error', code: 'InternalError' });
    expect((await api.call('GET', 'global/addresses')).status).toBe(200);
    expect(lab.faults.left).toBe(1);
    lab.faults.clear();
    lab.gcp.faults.add({ kind: 'error', status: 502 });
    await lab.countPlainly();
    expect((await api.call('GET', 'global/addresses')).status).toBe(502);
  });
});
