import { randomUUID } from 'node:crypto';
import { GlobalAddressesClient, InstancesClient } from '@google-cloud/compute';
import { PassThroughClient } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Caller } from '../../gcp/caller.ts';
import { FIREWALL, HEALTH_CHECK, INSTANCE, PROPERTIES, ZONE } from '../../gcp/chain.ts';
import { type Gcp, startGcp } from '../../gcp/gcp.ts';
import { memoryBalancers } from '../../gcp/memory-balancers.ts';
import { type MemoryMachines, memoryMachines } from '../../gcp/memory-machines.ts';
import type { Body, Image, Instance } from '../../gcp/model.ts';
import { Operations } from '../../gcp/operations.ts';
import { QUICK } from '../../gcp/timings.ts';

let machines: MemoryMachines;
let gcp: Gcp;
let api: Caller;

beforeEach(async () => {
  machines = memoryMachines();
  gcp = await startGcp({ machines, balancers: memoryBalancers() });
  api = new Caller(gcp);
});
afterEach(async () => {
  await gcp.settled();
  await gcp.stop();
  expect(gcp.problems).toEqual([]);
});

const ADDRESS = 'global/addresses';
const VM = `${ZONE}/instances/vm`;
const vm = () => api.get<Instance>(VM);

describe('operations', () => {
  it('are PENDING at first, and only with DONE is the resource there', async () => {
    await gcp.stop();
    gcp = await startGcp({ machines, balancers: memoryBalancers(), timings: { operationMs: 1000 } });
    api = new Caller(gcp);
    const { body: begun } = await api.call('POST', ADDRESS, { name: 'ip' });
    expect(begun).toMatchObject({ kind: 'compute#operation', status: 'PENDING', operationType: 'insert', progress: 0 });
    expect((await api.call('GET', `${ADDRESS}/ip`)).status).toBe(404);
    expect(await api.wait(begun)).toMatchObject({ status: 'DONE', progress: 100 });
    expect(await api.get(`${ADDRESS}/ip`)).toMatchObject({ name: 'ip', status: 'RESERVED', kind: 'compute#address' });
  });

  it('are RUNNING while they do their work', async () => {
    const operations = new Operations('p', { ...QUICK, operationMs: 0 });
    const begun = Promise.withResolvers<void>();
    const work = Promise.withResolvers<void>();
    const operation = operations.start({
      ...{ scope: 'global', type: 'insert', target: 'projects/p/global/addresses/ip' },
      work: () => {
        begun.resolve();
        return work.promise;
      },
    });
    expect(operation.status).toBe('PENDING');
    const name = operation.name as string;
    await begun.promise;
    expect(operations.get('global', name)).toMatchObject({ status: 'RUNNING', progress: 0 });
    work.resolve();
    expect(await operations.wait('global', name)).toMatchObject({ status: 'DONE', progress: 100 });
  });

  it('belong to the zone, the region or the project of what they are about', async () => {
    await api.must('POST', ADDRESS, { name: 'ip' });
    const { body } = await api.call('POST', `${ZONE}/instances`, INSTANCE);
    expect(body.zone).toMatch(/\/zones\/europe-west3-c$/);
    expect((await api.call('POST', `global/operations/${body.name}/wait`)).reason).toBe('notFound');
    expect((await api.call('POST', `${ZONE}/operations/${body.name}/wait`)).body).toMatchObject({ status: 'DONE' });
    const all = await api.get<{ items: Body[] }>('global/operations');
    expect(all.items.map(({ operationType }) => operationType)).toEqual(['insert']);
  });

  it('wait answers before the end where that is far off', async () => {
    await gcp.stop();
    gcp = await startGcp({ machines, balancers: memoryBalancers(), timings: { operationMs: 400, waitMs: 10 } });
    api = new Caller(gcp);
    const { body } = await api.call('POST', ADDRESS, { name: 'ip' });
    const waited = await api.call('POST', `global/operations/${body.name}/wait`, undefined);
    expect(waited.body.status).not.toBe('DONE');
    expect((await api.wait(waited.body)).status).toBe('DONE');
  });

  it('fail late when told to, and leave nothing', async () => {
    gcp.faults.add({ action: 'globalAddresses.insert', kind: 'operation-error', code: 'QUOTA_EXCEEDED', status: 403 });
    const failed = await api.change('POST', ADDRESS, { name: 'ip' });
    expect(failed).toMatchObject({ status: 'DONE', httpErrorStatusCode: 403, httpErrorMessage: 'FORBIDDEN' });
    expect(failed.error?.errors?.[0]).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(gcp.count().addresses).toBe(0);
    await api.must('POST', ADDRESS, { name: 'ip' });
    gcp.faults.add({ kind: 'operation-error', action: 'addresses.delete' });
    expect((await api.change('DELETE', `${ADDRESS}/ip`)).error).toBeDefined();
    await api.must('DELETE', `${ADDRESS}/ip`);
  });
});

describe('a request id', () => {
  it('makes an insert happen once, and answers with the same operation', async () => {
    const id = randomUUID();
    const first = await api.change('POST', `${ADDRESS}?requestId=${id}`, { name: 'ip' });
    const again = await api.call('POST', `${ADDRESS}?requestId=${id}`, { name: 'ip' });
    expect(again.body).toMatchObject({ name: first.name, status: 'DONE', clientOperationId: id });
    expect((await api.call('POST', ADDRESS, { name: 'ip' })).reason).toBe('alreadyExists');
    expect((await api.call('POST', `${ADDRESS}?requestId=${id}`, { name: 'other' })).reason).toBe('invalid');
  });

  it('makes a lost reply harmless', async () => {
    gcp.faults.add({ action: 'instances.insert', kind: 'reset-after' });
    const path = `${ZONE}/instances?requestId=${randomUUID()}`;
    await expect(api.call('POST', path, INSTANCE)).rejects.toThrow();
    await api.must('POST', path, INSTANCE);
    expect(machines.booted).toHaveLength(1);
  });

  it('must be a UUID other than zero', async () => {
    for (const id of ['1', '00000000-0000-0000-0000-000000000000'])
      expect((await api.call('POST', `${ADDRESS}?requestId=${id}`, { name: 'ip' })).reason).toBe('invalid');
  });
});

describe('errors', () => {
  it("look like Google's", async () => {
    const { status, body } = await api.call('GET', `${ADDRESS}/ip`);
    const message = "The resource 'projects/chainctl-lab/global/addresses/ip' was not found";
    expect(status).toBe(404);
    expect(body).toEqual({
      error: { code: 404, message, errors: [{ message, domain: 'global', reason: 'notFound' }] },
    });
  });

  it.each(['Ip', '1p', 'ip-', 'i_p', 'a'.repeat(64), ''])('refuse the name "%s"', async (name) => {
    const { status, reason, message } = await api.call('POST', ADDRESS, { name });
    expect({ status, reason }).toEqual({ status: 400, reason: 'invalid' });
    expect(message).toMatch(/^Invalid value for field 'resource\.name'.+Must be a match of regex/);
  });

  it('refuse what exists, also while it is still being made', async () => {
    const { body } = await api.call('POST', ADDRESS, { name: 'ip' });
    expect(await api.call('POST', ADDRESS, { name: 'ip' })).toMatchObject({ status: 409, reason: 'alreadyExists' });
    expect((await api.call('DELETE', `${ADDRESS}/ip`)).status).toBe(404);
    await api.wait(body);
    expect(await api.call('POST', ADDRESS, { name: 'ip' })).toMatchObject({ status: 409, reason: 'alreadyExists' });
  });

  it('refuse what refers to nothing, or to what is not ready', async () => {
    const service = { name: 'bes', healthChecks: ['global/healthChecks/hc'] };
    expect((await api.call('POST', 'global/backendServices', service)).reason).toBe('notFound');
    const { body } = await api.call('POST', 'global/healthChecks', HEALTH_CHECK);
    expect((await api.call('POST', 'global/backendServices', service)).reason).toBe('resourceNotReady');
    await api.wait(body);
    await api.must('POST', 'global/backendServices', service);
  });

  it.each([
    ['global/healthChecks', { name: 'x' }, 'required'],
    ['global/healthChecks', { ...HEALTH_CHECK, timeoutSec: 9 }, 'invalid'],
    ['global/instanceTemplates', { name: 'x' }, 'required'],
    ['global/instanceTemplates', { name: 'x', properties: { ...PROPERTIES, machineType: '' } }, 'required'],
    ['global/firewalls', { name: 'x' }, 'required'],
    ['global/urlMaps', { name: 'x' }, 'required'],
    ['global/targetHttpProxies', { name: 'x' }, 'required'],
    ['global/forwardingRules', { name: 'x', portRange: '80' }, 'required'],
    [`${ZONE}/instances`, { ...INSTANCE, networkInterfaces: [] }, 'invalid'],
    [`${ZONE}/instances`, { ...INSTANCE, machineType: `${ZONE}/machineTypes/e9-huge` }, 'invalid'],
  ])('refuse an incomplete resource: %s %j', async (path, body, reason) => {
    expect(await api.call('POST', path, body)).toMatchObject({ status: 400, reason });
  });

  it('refuse an image, a zone and a project that are not there', async () => {
    const disks = [{ boot: true, initializeParams: { sourceImage: 'global/images/mine' } }];
    expect((await api.call('POST', `${ZONE}/instances`, { ...INSTANCE, disks })).reason).toBe('notFound');
    expect((await api.call('POST', 'zones/moon-a/instances', INSTANCE)).reason).toBe('invalid');
    const other = new Caller({ url: gcp.url, project: 'theirs' });
    expect(await other.call('GET', 'global/addresses')).toMatchObject({ status: 403, reason: 'forbidden' });
  });

  it('are made on request: refusals, broken connections, credentials that have run out', async () => {
    gcp.faults.add({ action: 'globalAddresses.insert', kind: 'error', status: 503, times: 2 });
    gcp.faults.add({ kind: 'expired-credentials', path: '/global/addresses', after: 1 });
    expect(await api.call('POST', ADDRESS, { name: 'ip' })).toMatchObject({ status: 503, reason: 'backendError' });
    expect((await api.call('POST', ADDRESS, { name: 'ip' })).status).toBe(503);
    await api.must('POST', ADDRESS, { name: 'ip' });
    expect(await api.call('GET', `${ADDRESS}/ip`)).toMatchObject({ status: 401, reason: 'authError' });
    gcp.faults.add({ kind: 'reset-before' });
    await expect(api.call('DELETE', `${ADDRESS}/ip`)).rejects.toThrow();
    expect(gcp.count().addresses).toBe(1);
    expect(gcp.faults.left).toBe(0);
    expect(gcp.calls.filter(({ fault }) => fault !== undefined).map(({ fault, status }) => [fault, status])).toEqual([
      ['error', 503],
      ['error', 503],
      ['expired-credentials', 401],
      ['reset-before', undefined],
    ]);
  });
});

describe('changes', () => {
  it('need the fingerprint of what they change', async () => {
    await api.must('POST', 'global/healthChecks', HEALTH_CHECK);
    await api.must('POST', 'global/backendServices', { name: 'bes', healthChecks: ['global/healthChecks/hc'] });
    const path = 'global/backendServices/bes';
    const { fingerprint } = await api.get(path);
    expect(await api.call('PATCH', path, { timeoutSec: 60, fingerprint: 'b2xk' })).toMatchObject({
      ...{ status: 412, reason: 'conditionNotMet' },
      body: { error: { errors: [{ location: 'If-Match', locationType: 'header' }] } },
    });
    await api.must('PATCH', path, { timeoutSec: 600, connectionDraining: { drainingTimeoutSec: 9 }, fingerprint });
    expect(await api.get(path)).toMatchObject({
      timeoutSec: 600,
      connectionDraining: { drainingTimeoutSec: 9 },
      portName: 'http',
    });
    expect((await api.call('PATCH', path, { fingerprint })).status).toBe(412);
    expect((await api.call('PUT', path, { name: 'bes' })).status).toBe(412);
  });

  it('set labels by fingerprint, where an insert ignores them', async () => {
    await api.must('POST', ADDRESS, { name: 'ip', labels: { stack: 'demo' } });
    const path = `${ADDRESS}/ip`;
    const { labels, labelFingerprint } = await api.get(path);
    expect(labels).toBeUndefined();
    expect((await api.call('POST', `${path}/setLabels`, { labels: {} })).status).toBe(412);
    await api.must('POST', `${path}/setLabels`, { labels: { stack: 'demo' }, labelFingerprint });
    expect((await api.get<{ items: Body[] }>(`${ADDRESS}?filter=labels.stack=demo`)).items).toHaveLength(1);
  });

  it('are refused for templates', async () => {
    await api.must('POST', 'global/instanceTemplates', { name: 't1', properties: PROPERTIES });
    expect((await api.call('PATCH', 'global/instanceTemplates/t1', { properties: PROPERTIES })).status).toBe(404);
  });

  it('of a firewall rule take effect', async () => {
    await api.must('POST', 'global/firewalls', FIREWALL);
    await api.must('PATCH', 'global/firewalls/fw', { sourceRanges: ['192.0.2.1/32'] });
    expect(await api.get('global/firewalls/fw')).toMatchObject({
      sourceRanges: ['192.0.2.1/32'],
      allowed: FIREWALL.allowed,
    });
  });
});

describe('lists', () => {
  const named = ({ items = [] }: { items?: Body[] }) => items.map(({ name }) => name);

  beforeEach(async () => {
    for (const name of ['demo-a', 'demo-b', 'prod-a'])
      await api.must('POST', ADDRESS, { name, description: `of ${name}` });
  });

  it.each([
    ['name eq "demo-.*"', ['demo-a', 'demo-b']],
    ['name = demo-a', ['demo-a']],
    ['name != demo-a', ['demo-b', 'prod-a']],
    ['(name = demo-a) OR (name = prod-a)', ['demo-a', 'prod-a']],
    ['(description eq ".*prod.*") (status = RESERVED)', ['prod-a']],
    ['name:demo*', ['demo-a', 'demo-b']],
    ['NOT name:demo*', ['prod-a']],
    ['labels.stack:*', []],
  ])('are filtered by %s', async (filter, names) => {
    expect(named(await api.get(`${ADDRESS}?filter=${encodeURIComponent(filter)}`))).toEqual(names);
  });

  it('come in pages, and say what they do not understand', async () => {
    const first = await api.get<{ items: Body[]; nextPageToken: string }>(`${ADDRESS}?maxResults=2`);
    expect(named(first)).toEqual(['demo-a', 'demo-b']);
    const rest = await api.get(`${ADDRESS}?maxResults=2&pageToken=${first.nextPageToken}`);
    expect(named(rest)).toEqual(['prod-a']);
    expect(rest.nextPageToken).toBeUndefined();
    for (const query of ['filter=name+eq', 'filter=(', 'maxResults=501', 'pageToken=zzz'])
      expect((await api.call('GET', `${ADDRESS}?${query}`)).reason).toBe('invalid');
  });

  it('of everything name every scope, with a warning where there is nothing', async () => {
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    const { items } = await api.get<{ items: Record<string, Body> }>('aggregated/instances');
    expect(items[ZONE]?.instances).toHaveLength(1);
    expect(items['zones/us-central1-a']?.warning).toMatchObject({ code: 'NO_RESULTS_ON_PAGE' });
  });
});

describe('the catalogue', () => {
  it('has zones, regions with quotas, machine types and public images', async () => {
    expect(await api.get('zones/europe-west3-c')).toMatchObject({
      status: 'UP',
      region: expect.stringMatching(/europe-west3$/),
    });
    const { quotas } = await api.get<{ quotas: Body[] }>('regions/europe-west3');
    expect(quotas).toContainEqual({ metric: 'CPUS', limit: 72, usage: 0 });
    expect(await api.get(`${ZONE}/machineTypes/e2-standard-4`)).toMatchObject({ guestCpus: 4, memoryMb: 16384 });
    expect((await api.call('GET', `${ZONE}/machineTypes/e9-huge`)).reason).toBe('notFound');
    const ubuntu = new Caller({ url: gcp.url, project: 'ubuntu-os-cloud' });
    const image = await ubuntu.get<Image>('global/images/family/ubuntu-2404-lts-amd64');
    expect(image).toMatchObject({
      status: 'READY',
      name: expect.stringMatching(/^ubuntu-2404/),
      architecture: 'X86_64',
    });
    expect(await api.get('')).toMatchObject({ kind: 'compute#project', name: gcp.project });
    expect(await api.get('regions/europe-west3/routers')).not.toHaveProperty('items');
  });
});

describe('an instance', () => {
  it('boots with its metadata, has addresses, stops, starts and goes with its disk', async () => {
    const metadata = { items: [{ key: 'startup-script', value: 'echo hello' }] };
    await api.must('POST', `${ZONE}/instances`, { ...INSTANCE, metadata });
    expect(machines.booted).toMatchObject([
      { name: 'vm', zone: 'europe-west3-c', metadata: { 'startup-script': 'echo hello' } },
    ]);
    const { status, networkInterfaces } = await vm();
    const [{ address = '' } = {}] = [...machines.all.values()];
    expect({
      status,
      ip: networkInterfaces?.[0]?.networkIP,
      nat: networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP,
    }).toEqual({
      ...{ status: 'RUNNING', ip: address, nat: address },
    });
    await api.must('POST', `${VM}/stop`);
    expect((await vm()).status).toBe('TERMINATED');
    await api.must('POST', `${VM}/start`);
    expect((await vm()).status).toBe('RUNNING');
    expect((await api.get(`${VM}/serialPort?port=1`)).contents).toMatch(/vm login/);
    await api.must('DELETE', VM);
    expect(gcp.count()).toMatchObject({ instances: 0, disks: 0 });
    expect(machines.all.size).toBe(0);
  });

  it('keeps metadata of at most 256 KB a value, and changes it by fingerprint', async () => {
    const items = [{ key: 'bundle', value: 'x'.repeat(262_145) }];
    const refused = await api.call('POST', `${ZONE}/instances`, { ...INSTANCE, metadata: { items } });
    expect(refused).toMatchObject({ status: 400, reason: 'invalid', message: expect.stringContaining('262144') });
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    expect((await api.call('POST', `${VM}/setMetadata`, { items: [] })).status).toBe(412);
    const fingerprint = (await vm()).metadata?.fingerprint;
    await api.must('POST', `${VM}/setMetadata`, { fingerprint, items: [{ key: 'a', value: 'b' }] });
    expect((await vm()).metadata?.items).toEqual([{ key: 'a', value: 'b' }]);
  });

  it('that turns itself off is TERMINATED, and gone when its time was up', async () => {
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    await machines.all.get('vm')?.powerOff();
    await vi.waitFor(async () => expect((await vm()).status).toBe('TERMINATED'));
    const scheduling = { maxRunDuration: { seconds: '30' }, instanceTerminationAction: 'DELETE' };
    await api.must('POST', `${ZONE}/instances`, { ...INSTANCE, name: 'brief', scheduling });
    await vi.waitFor(() => expect(gcp.count().instances).toBe(1));
  });

  it('needs quota and a zone that has machines', async () => {
    gcp.behaviour.quotas.CPUS = 3;
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    const over = await api.change('POST', `${ZONE}/instances`, { ...INSTANCE, name: 'vm-2' });
    expect(over.error?.errors?.[0]).toMatchObject({
      ...{ code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded.  Limit: 3.0 in region europe-west3." },
    });
    gcp.behaviour.quotas.CPUS = 72;
    gcp.behaviour.stockOuts.add('europe-west3-c');
    const none = await api.change('POST', `${ZONE}/instances`, { ...INSTANCE, name: 'vm-3' });
    expect(none.error?.errors?.[0]?.code).toBe('ZONE_RESOURCE_POOL_EXHAUSTED');
    const elsewhere = { ...INSTANCE, machineType: 'zones/europe-west3-a/machineTypes/e2-standard-2', name: 'vm-4' };
    await api.must('POST', 'zones/europe-west3-a/instances', elsewhere);
    expect(gcp.count()).toMatchObject({ instances: 2, disks: 2 });
  });

  it('that is stopped leaves an image, which others boot from', async () => {
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    const image = { name: 'baked', sourceDisk: `${ZONE}/disks/vm`, family: 'chain', labels: { hash: 'abc' } };
    expect((await api.call('POST', 'global/images', image)).reason).toBe('resourceInUseByAnotherResource');
    await api.must('POST', `${VM}/stop`);
    await api.must('POST', 'global/images', image);
    expect(await api.get('global/images/family/chain')).toMatchObject({ name: 'baked', status: 'READY' });
    expect(await api.get('global/images?filter=labels.hash=abc')).toMatchObject({ items: [{ name: 'baked' }] });
    const disks = [{ boot: true, autoDelete: true, initializeParams: { sourceImage: 'global/images/baked' } }];
    await api.must('POST', `${ZONE}/instances`, { ...INSTANCE, name: 'copy', disks });
    expect(machines.booted.at(-1)).toMatchObject({ name: 'copy', image: 'baked' });
    await api.must('DELETE', 'global/images/baked');
    expect(machines.images.size).toBe(0);
  });
});

describe("Google's own client", () => {
  const options = () => {
    const { hostname, port } = new URL(gcp.url);
    const authClient = new PassThroughClient() as never;
    return { apiEndpoint: hostname, port: Number(port), protocol: 'http', fallback: true as const, authClient };
  };

  it('reads and writes, and finds reasons in what it throws', async () => {
    const client = new GlobalAddressesClient(options());
    const { project } = gcp;
    const [operation] = await client.insert({ project, addressResource: { name: 'ip' }, requestId: randomUUID() });
    await api.wait(await api.get(`global/operations/${(operation.latestResponse as { name: string }).name}`));
    expect((await client.get({ project, address: 'ip' }))[0].status).toBe('RESERVED');
    const error = await client.get({ project, address: 'none' }).catch((thrown: unknown) => thrown);
    expect((error as { code: number }).code).toBe(5);
    const payload = (error as Record<symbol, string>)[Symbol.for('google-gax.rawHttpResponsePayload')] ?? '';
    expect(JSON.parse(payload).error.errors[0].reason).toBe('notFound');
    await client.close();
  });

  it('lists all scopes at once', async () => {
    await api.must('POST', `${ZONE}/instances`, INSTANCE);
    const client = new InstancesClient(options());
    const found: string[] = [];
    for await (const [scope, { instances }] of client.aggregatedListAsync({ project: gcp.project }))
      for (const { name } of instances ?? []) found.push(`${scope}/${name}`);
    expect(found).toEqual([`${ZONE}/vm`]);
    await client.close();
  });
});
