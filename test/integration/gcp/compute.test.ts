import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { type Compute, openCompute } from '../../../src/services/targets/gcp/compute.ts';
import { isGcp } from '../../../src/services/targets/gcp/errors.ts';
import { ensureLabels } from '../../../src/services/targets/gcp/object.ts';
import { change, lookUp, removeObject } from '../../../src/services/targets/gcp/operations.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

type Answer = { readonly status?: number; readonly body: unknown } | 'reset';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
});

/** A server that answers with what it is told, one after another; the last answer stays. */
async function serving(...answers: readonly Answer[]) {
  const seen: Seen[] = [];
  const own = createServer(async (request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const body = (await request.toArray()).join('');
    seen.push({ method: request.method ?? '', path: url.pathname, query: url.searchParams, body });
    const answer = answers[Math.min(seen.length, answers.length) - 1] ?? 'reset';
    if (answer === 'reset') return void request.socket.destroy();
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => own.listen(0, '127.0.0.1', done));
  server = own;
  const endpoint = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
  const compute = await openCompute({ project: 'p', zone: 'europe-west3-c', endpoint, clock: systemClock });
  return { compute, endpoint, seen };
}

const context = { clock: systemClock, emit: () => {}, signal: AbortSignal.timeout(30_000) };
const refusal = (status: number, reason: string, message = reason) => ({
  status,
  body: { error: { code: status, message, errors: [{ reason, message, domain: 'global' }] } },
});
/** A refusal whose reason says nothing, and its details all. */
const detailed = (reason: string) => {
  const { status, body } = refusal(403, 'forbidden');
  return { status, body: { error: { ...body.error, details: [{ reason }] } } };
};
const operation = (more: object = {}) => ({
  body: { kind: 'compute#operation', name: 'op-1', status: 'DONE', ...more },
});
const failed = (code: string, message = code) =>
  operation({ error: { errors: [{ code, message }] }, httpErrorStatusCode: 403, httpErrorMessage: 'FORBIDDEN' });

describe('a call', () => {
  it('is made again after a lost connection and a 503, with the same token', async () => {
    const { compute, seen } = await serving('reset', refusal(503, 'backendError'), operation());
    const token = compute.newId();
    await change(
      compute,
      context,
      'addresses.insert',
      { addressResource: { name: 'x' } },
      { key: 'address-b', action: 'create', token },
    );
    expect(seen.map(({ query }) => query.get('requestId'))).toEqual([token, token, token]);
    expect(JSON.parse(seen[2]?.body ?? '')).toMatchObject({ name: 'x' });
  });

  it('tells what is not there from what is forbidden', async () => {
    const { compute } = await serving(
      refusal(404, 'notFound'),
      refusal(403, 'forbidden', "Required 'compute.firewalls.get' permission for 'projects/p/global/firewalls/f'"),
    );
    const look = () => compute.read('firewalls.get', { firewall: 'f' }, context.signal);
    expect(await lookUp(look)).toBeUndefined();
    await expect(lookUp(look)).rejects.toMatchObject({ code: 'gcp-forbidden', exit: 3 });
  });

  it.each([
    [refusal(401, 'authError', 'Invalid Credentials'), 'gcp-invalid', 3],
    [refusal(403, 'accessNotConfigured'), 'gcp-api-disabled', 3],
    [refusal(403, 'quotaExceeded', "Quota 'STATIC_ADDRESSES' exceeded. Limit: 8.0 globally."), 'gcp-quota', 4],
    [refusal(400, 'invalid', "Invalid value for field 'resource.name'"), 'gcp-refused', 3],
  ])('%j is %s', async (answer, code, exit) => {
    const { compute, seen } = await serving(answer);
    await expect(compute.read('firewalls.list', {}, context.signal)).rejects.toMatchObject({ code, exit });
    expect(seen).toHaveLength(1);
  });

  it.each([
    [refusal(403, 'forbidden', 'Project p has billing disabled.'), 'gcp-billing'],
    [detailed('CONCURRENT_OPERATIONS_QUOTA_EXCEEDED'), 'gcp-trouble'],
    [detailed('SERVICE_DISABLED'), 'gcp-api-disabled'],
  ])('%j is %s, whatever its status says', async (answer, code) => {
    const { endpoint } = await serving(answer);
    const compute = await openCompute({ project: 'p', zone: 'z-a', endpoint, clock: systemClock, attempts: 1 });
    await expect(compute.read('firewalls.list', {}, context.signal)).rejects.toMatchObject({ code });
  });

  it('waits out a rate limit, for longer than anything else', async () => {
    const { endpoint, seen } = await serving(...Array(8).fill(refusal(403, 'rateLimitExceeded')), { body: {} });
    const pauses: number[] = [];
    const clock = { ...systemClock, sleep: async (ms: number) => void pauses.push(ms) };
    const compute = await openCompute({ project: 'p', zone: 'z-a', endpoint, clock });
    await compute.read('firewalls.list', {}, context.signal);
    expect(seen).toHaveLength(9);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000);
  });

  it('ends at once when it is aborted', async () => {
    const { compute } = await serving(refusal(503, 'backendError'));
    const reason = new Error('stopped');
    await expect(compute.read('firewalls.list', {}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('a change', () => {
  const insert = (compute: Compute, token?: string) =>
    change(
      compute,
      context,
      'addresses.insert',
      { addressResource: { name: 'x' } },
      { key: 'address', action: 'create', token },
    );

  it('waits for what it needs and is not ready yet, although its operation has ended', async () => {
    const { compute, seen } = await serving(
      refusal(400, 'resourceNotReady'),
      failed('RESOURCE_NOT_READY'),
      operation(),
    );
    await insert(compute);
    expect(seen).toHaveLength(3);
  });

  it('is begun with another token where an earlier run used it for what was wanted then', async () => {
    const used = "Invalid value for field 'requestId': 'x'. It was used for another request.";
    const { compute, seen } = await serving(refusal(400, 'invalid', used), operation());
    const token = compute.newId();
    await insert(compute, token);
    const [first, second] = seen.map(({ query }) => query.get('requestId'));
    expect([first, second]).toEqual([token, expect.not.stringContaining(token)]);
  });
});

describe('labels that only a call of their own sets', () => {
  const labels = { 'chainctl-stack': 's' };

  it('are there after an answer that was lost: the repeated call meets its own fingerprint', async () => {
    const { compute, seen } = await serving(
      refusal(412, 'conditionNotMet', 'Labels fingerprint either invalid or outdated'),
    );
    const answers = [{ labels: { a: '1' }, labelFingerprint: 'one' }, { labels: { a: '1', ...labels } }];
    const read = async () => answers.shift() ?? {};
    await ensureLabels(compute, context, 'x', { call: 'addresses.setLabels', key: 'address', labels, read });
    expect(seen.map(({ body }) => JSON.parse(body))).toEqual([
      { labels: { a: '1', ...labels }, labelFingerprint: 'one' },
    ]);
  });
});

describe('an operation', () => {
  it('is waited for where it is, and its error is an error', async () => {
    const zone = 'https://www.googleapis.com/compute/v1/projects/p/zones/europe-west3-a';
    const { compute, seen } = await serving(
      operation({ status: 'RUNNING', zone }),
      operation({ status: 'RUNNING', zone }),
      failed('ZONE_RESOURCE_POOL_EXHAUSTED'),
    );
    const insert = change(
      compute,
      context,
      'instances.insert',
      { zone: 'europe-west3-a', instanceResource: { name: 'vm' } },
      { key: 'builder', action: 'create', token: compute.newId() },
    );
    await expect(insert).rejects.toMatchObject({ code: 'gcp-stock-out', exit: 4 });
    expect(seen.map(({ path }) => path)).toEqual([
      '/compute/v1/projects/p/zones/europe-west3-a/instances',
      '/compute/v1/projects/p/zones/europe-west3-a/operations/op-1/wait',
      '/compute/v1/projects/p/zones/europe-west3-a/operations/op-1/wait',
    ]);
  });

  it('of an earlier run that had failed is begun anew, once', async () => {
    const { compute, seen } = await serving(failed('QUOTA_EXCEEDED'), operation());
    const token = compute.newId();
    const input = { instanceResource: { name: 'vm' }, zone: 'z' };
    await change(compute, context, 'instances.insert', input, { key: 'builder', action: 'create', token });
    expect(seen).toHaveLength(2);
    expect(seen[1]?.query.get('requestId')).not.toBe(token);
  });
});

describe('a removal', () => {
  it('waits until nothing uses the object any more, and is content with one that is gone', async () => {
    const { compute, seen } = await serving(refusal(400, 'resourceInUseByAnotherResource'), refusal(404, 'notFound'));
    await removeObject(compute, context, 'urlMaps.delete', { urlMap: 'u' }, { key: 'url-map' });
    expect(seen).toHaveLength(2);
  });
});

describe('a list', () => {
  it('is whole, and names its scopes where it has them', async () => {
    const { compute } = await serving(
      { body: { items: [{ name: 'a' }], nextPageToken: '2' } },
      { body: { items: [{ name: 'b' }] } },
    );
    const rules = await compute.read('firewalls.list', {}, context.signal);
    expect(rules.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('of all zones names them', async () => {
    const { compute } = await serving({
      body: { items: { 'zones/z-a': { autoscalers: [{ name: 'one' }] }, 'zones/z-b': {} } },
    });
    const scopes = await compute.read('autoscalers.aggregatedList', {}, context.signal);
    expect(scopes.map(([scope, { autoscalers }]) => [scope, autoscalers?.map(({ name }) => name)])).toEqual([
      ['zones/z-a', ['one']],
      ['zones/z-b', []],
    ]);
  });
});

describe('an endpoint', () => {
  it.each(['http://192.0.2.1:80', 'ftp://127.0.0.1', 'http://127.0.0.1:1/else'])('%s is refused', async (endpoint) => {
    const opening = openCompute({ project: 'p', zone: 'z', endpoint, clock: systemClock });
    await expect(opening).rejects.toMatchObject({ exit: 2 });
  });

  it('that does not answer is an error with the endpoint as suspect', async () => {
    const { compute } = await serving('reset');
    await expect(compute.read('zones.get', { zone: 'z' }, context.signal)).rejects.toSatisfy((error) =>
      isGcp(error, 'ECONNRESET', 'UNAVAILABLE'),
    );
  });
});
