import { describe, expect, test } from 'vitest';
import type { Site } from '../../../src/services/stack/provider.ts';
import { projectOf, zonesOf } from '../../../src/services/targets/gcp/ask.ts';
import { startAt } from '../../../src/services/targets/gcp/deploy.ts';
import { networkPath, subnetPath } from '../../../src/services/targets/gcp/desired.ts';
import { faultError, isQuota, isStockOut, operationError } from '../../../src/services/targets/gcp/errors.ts';
import { groupKey } from '../../../src/services/targets/gcp/group.ts';
import { isLasting, judge } from '../../../src/services/targets/gcp/group-state.ts';
import { describe as marker, objectName, readMarker, regionOf } from '../../../src/services/targets/gcp/names.ts';
import { locationName, parseLocation, samePath } from '../../../src/services/targets/gcp/paths.ts';
import { costOf } from '../../../src/services/targets/gcp/prices.ts';
import { fits, quotaChecks } from '../../../src/services/targets/gcp/quota.ts';
import { checkRequest, type GcpRequest } from '../../../src/services/targets/gcp/request.ts';
import {
  diskTypeOf,
  propertiesOf,
  type TemplateSpec,
  templateKey,
} from '../../../src/services/targets/gcp/template.ts';
import { GCP_REQUEST } from '../../support/gcp-request.ts';

describe('names and markers', () => {
  const owner = { stack: 'a-stack-of-20-letter', createdBy: 'me you@here', expiresAt: '2026-05-01T12:00:00.000Z' };

  test('fit the API, also with the longest name of a stack', () => {
    for (const part of ['llm-b-mig', 'template-0123abcd', 'image-0123456789abcdef', 'firewall-ssh']) {
      expect(objectName(owner.stack, part)).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])$/);
    }
    expect(objectName(owner.stack, 'llm-b').length).toBeLessThanOrEqual(58);
    expect(objectName('default', 'llm-b-mig')).toBe('chainctl-default-llm-b-mig');
  });

  test('a marker is read as it was written; a person is one word', () => {
    const text = marker({ ...owner, key: 'address' });
    expect(readMarker(text)).toEqual({ ...owner, createdBy: 'me_you@here', key: 'address' });
    expect(readMarker(marker({ stack: 's', createdBy: 'x', key: 'k' }))).toMatchObject({ expiresAt: undefined });
  });

  test.each([undefined, null, '', 'my own rule', 'chainctl: key=address', 'about chainctl: stack=a key=b'])(
    'what chainctl did not write is none: %j',
    (text) => expect(readMarker(text)).toBeUndefined(),
  );

  test('places and paths', () => {
    expect(regionOf('europe-west3-c')).toBe('europe-west3');
    for (const name of ['europe-west3-c', 'europe-west3']) expect(locationName(parseLocation(name))).toBe(name);
    const path = 'projects/p/zones/z/instanceGroups/g';
    expect(samePath(`https://www.googleapis.com/compute/v1/${path}`, path)).toBe(true);
    expect(samePath(`http://127.0.0.1:1/compute/v1/${path}`, `${path}2`)).toBe(false);
    expect(samePath(undefined, path)).toBe(false);
  });
});

describe('one look at a group', () => {
  const template = 'projects/p/global/instanceTemplates/new';
  const old = 'projects/p/global/instanceTemplates/old';
  const group = { targetSize: 1, status: { isStable: true, versionTarget: { isReached: true } } };
  const instance = (changes: object = {}) => ({
    ...{ name: 'vm-1', currentAction: 'NONE', instanceStatus: 'RUNNING', version: { instanceTemplate: template } },
    ...changes,
  });
  const failing = (code: string, more: object = {}) =>
    instance({
      currentAction: 'CREATING',
      instanceStatus: '',
      ...more,
      lastAttempt: { errors: { errors: [{ code, message: 'its words' }] } },
    });
  const look = (changes: Partial<Parameters<typeof judge>[0]>) =>
    judge({ group, instances: [instance()], errors: [], template, ...changes });

  test('is stable when every instance runs from the template', () => {
    expect(look({})).toEqual({ kind: 'stable' });
  });

  test.each([
    ['it says so too early', { instances: [instance({ version: { instanceTemplate: old } })] }],
    ['its instances are not there yet', { instances: [] }],
    ['it is to be larger', { group: { ...group, targetSize: 2 } }],
    ['it is to have nothing', { group: { ...group, targetSize: 0 }, instances: [] }],
    ['it is verifying', { instances: [instance({ currentAction: 'VERIFYING' })] }],
    ['it does not say so', { group: { ...group, status: { isStable: false } } }],
    ['an old one is being deleted', { instances: [instance(), instance({ name: 'vm-0', currentAction: 'DELETING' })] }],
  ])('waits while %s', (_name, changes) => {
    expect(look(changes)).toMatchObject({ kind: 'waiting' });
  });

  test('says of each instance what it waits for', () => {
    const sick = instance({ currentAction: 'VERIFYING', instanceHealth: [{ detailedHealthState: 'TIMEOUT' }] });
    expect(look({ instances: [sick] })).toEqual({
      kind: 'waiting',
      reason: '0 of 1 instances are ready: vm-1 VERIFYING, RUNNING, health TIMEOUT',
    });
  });

  test('has failed with what does not pass by itself, and not with what does', () => {
    expect(look({ instances: [failing('QUOTA_EXCEEDED')] })).toEqual({
      kind: 'failed',
      fault: { instance: 'vm-1', reason: 'QUOTA_EXCEEDED', message: 'its words' },
    });
    expect(look({ instances: [failing('INTERNAL_ERROR')] })).toMatchObject({
      kind: 'waiting',
      reason: expect.stringContaining('INTERNAL_ERROR: its words'),
    });
  });

  test('does not fail for what an instance of another template met, or one that is long well', () => {
    const foreign = failing('QUOTA_EXCEEDED', { version: { instanceTemplate: old } });
    expect(look({ instances: [foreign] })).toMatchObject({ kind: 'waiting' });
    const well = instance({ lastAttempt: { errors: { errors: [{ code: 'QUOTA_EXCEEDED', message: '' }] } } });
    expect(look({ instances: [well] })).toEqual({ kind: 'stable' });
  });

  test('fails with what the group itself tells', () => {
    const error = {
      error: { code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'none left' },
      instanceActionDetails: { instance: 'projects/p/zones/z/instances/vm-9', version: { instanceTemplate: template } },
    };
    expect(look({ errors: [error] })).toMatchObject({ kind: 'failed', fault: { instance: 'vm-9' } });
  });

  test.each([
    ['WAITING_FOR_HEALTHY_TIMEOUT_EXCEEDED', true],
    ['RESOURCE_NOT_FOUND', true],
    ['INVALID_FIELD_VALUE', true],
    ['RESOURCE_OPERATION_RATE_EXCEEDED', false],
    ['OPERATION_TIMEOUT', false],
  ])('%s lasts: %s', (reason, lasting) => expect(isLasting({ reason, message: 'its words' })).toBe(lasting));

  test('a condition that an organization sets lasts, and others pass', () => {
    const forbidden = 'Constraint constraints/compute.vmExternalIpAccess violated for project p';
    expect(isLasting({ reason: 'CONDITION_NOT_MET', message: forbidden })).toBe(true);
    expect(isLasting({ reason: 'CONDITION_NOT_MET', message: 'Invalid fingerprint.' })).toBe(false);
  });

  test('what leaves does not say of which template it is, and what it met does not count', () => {
    const leaving = failing('QUOTA_EXCEEDED', { currentAction: 'DELETING', version: null });
    expect(look({ instances: [instance(), leaving] })).toMatchObject({ kind: 'waiting' });
    const told = {
      error: { code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', message: 'its disk' },
      instanceActionDetails: { instance: 'projects/p/zones/z/instances/vm-0', action: 'DELETING' },
    };
    expect(look({ errors: [told] })).toEqual({ kind: 'stable' });
  });
});

describe('errors', () => {
  const site = { call: 'instances.insert', project: 'p' };
  const POLICY = 'Constraint constraints/compute.vmExternalIpAccess violated for project p.';

  test('an operation that went well has none; of several, the shortage is told', () => {
    expect(operationError({ status: 'DONE', error: { errors: [] }, httpErrorStatusCode: 0 }, site)).toBeUndefined();
    const errors = [
      { code: 'RESOURCE_NOT_READY', message: 'not this' },
      { code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 8.0 in region europe-west3." },
    ];
    expect(operationError({ error: { errors } }, site)).toMatchObject({ code: 'gcp-quota', exit: 4 });
    expect(operationError({ httpErrorStatusCode: 500, httpErrorMessage: 'INTERNAL' }, site)).toMatchObject({ exit: 5 });
  });

  test('shortages have many names', () => {
    for (const code of ['ZONE_RESOURCE_POOL_EXHAUSTED', 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 'stockout'])
      expect(isStockOut(code)).toBe(true);
    for (const code of ['QUOTA_EXCEEDED', 'quotaExceeded']) expect(isQuota(code)).toBe(true);
  });

  test.each([
    [{ reason: 'x', message: 'invalid_grant: token expired', status: 400 }, 'gcp-expired', 3],
    [{ reason: 'rateLimitExceeded', message: '', status: 403 }, 'gcp-trouble', 5],
    [{ reason: 'BILLING_DISABLED', message: '', status: 403 }, 'gcp-billing', 3],
    [{ reason: 'forbidden', message: 'Project p has billing disabled.', status: 403 }, 'gcp-billing', 3],
    [{ reason: 'RESOURCE_OPERATION_RATE_EXCEEDED', message: '', status: 403 }, 'gcp-trouble', 5],
    [{ reason: 'conditionNotMet', message: POLICY, status: 412 }, 'gcp-policy', 3],
    [{ reason: 'ECONNREFUSED', message: '' }, 'gcp-unreachable', 5],
    [{ reason: 'notFound', message: '', status: 404 }, 'gcp-refused', 3],
  ])('%j is %s', (fault, code, exit) => expect(faultError(fault, site)).toMatchObject({ code, exit }));
});

describe('where and what', () => {
  const WHERE = { project: 'p', zones: ['europe-west3-c'], network: 'default' };

  test('the flag, else where the stack is, else the environment, else the default', () => {
    const request = { ...GCP_REQUEST, zones: ['c'], project: 'r' };
    const site = (flags: object, recorded: boolean, env: Record<string, string>) =>
      ({ flags, record: recorded ? { request } : undefined, operator: { env } }) as unknown as Site;
    expect(zonesOf(site({ zones: ['a', 'a', 'b'] }, true, {}))).toEqual(['a', 'b']);
    expect(zonesOf(site({}, true, { CLOUDSDK_COMPUTE_ZONE: 'z' }))).toEqual(['c']);
    expect(zonesOf(site({}, false, { CLOUDSDK_COMPUTE_ZONE: 'z' }))).toEqual(['z']);
    expect(zonesOf(site({}, false, {}))).toEqual(['europe-west3-c']);
    expect(projectOf(site({}, true, { GOOGLE_CLOUD_PROJECT: 'e' }))).toBe('r');
    expect(projectOf(site({}, false, {}))).toBeUndefined();
  });

  test('networks and subnets are given by name or path', () => {
    const own = 'projects/p/global/networks/mine';
    expect(networkPath({ ...WHERE, network: 'mine' })).toBe(own);
    expect(networkPath({ ...WHERE, network: own })).toBe(own);
    expect(() => checkRequest({ ...WHERE, network: own, min: 1, max: 1 } as unknown as GcpRequest)).not.toThrow();
    const subnet = 'projects/p/regions/europe-west3/subnetworks/mine';
    expect(subnetPath({ ...WHERE, subnet: 'mine' })).toBe(subnet);
    expect(subnetPath({ ...WHERE, subnet })).toBe(subnet);
    expect(subnetPath({ ...WHERE, subnet: undefined })).toBeUndefined();
  });

  test('begins where the group is, else at the first place', () => {
    const places = [{ zone: 'europe-west3-c' }, { zone: 'europe-west3-a' }];
    expect(startAt(places, [])).toBe(places[0]);
    expect(startAt(places, [{ key: groupKey({ zone: 'europe-west3-a' }) }])).toBe(places[1]);
    expect(startAt(places, [{ key: groupKey({ zone: 'europe-west3-b' }) }])).toBe(places[0]);
  });

  test.each([
    [{ zones: ['europe-west3-c', 'europe-west1-b'] }, 'different regions'],
    [{ zones: ['europe'] }, 'not a zone'],
    [{ min: 3, max: 2 }, '--max 2'],
    [{ network: 'projects/other/global/networks/shared' }, 'firewall rules in another one'],
    [{ subnet: 'regions/europe-west3/mine' }, 'is not a subnet'],
  ])('%j is refused', (changes, text) => {
    const request = { ...WHERE, min: 1, max: 3, ...changes } as unknown as GcpRequest;
    expect(() => checkRequest(request)).toThrow(
      expect.objectContaining({ exit: 2, message: expect.stringContaining(text) }),
    );
  });
});

describe('quotas', () => {
  const quotas = [
    { metric: 'CPUS', limit: 8, usage: 0 },
    { metric: 'N2_CPUS', limit: 4, usage: 4 },
    // Listed, and never used: E2 counts in CPUS.
    { metric: 'E2_CPUS', limit: 2, usage: 0 },
    { metric: 'SSD_TOTAL_GB', limit: 250, usage: 0 },
    { metric: 'INSTANCES', limit: 100, usage: 1 },
    { metric: 'IN_USE_ADDRESSES', limit: 2, usage: 0 },
  ] as const;
  const size = { type: 'e2-standard-4', vcpus: 4, diskGb: 30, min: 1, max: 3, externalAddress: true, running: 0 };
  const region = { quotas } as unknown as Parameters<typeof quotaChecks>[0];

  test('the tightest is first, by what the largest group needs', () => {
    const [first, second] = quotaChecks(region, size);
    expect(first).toMatchObject({ metric: 'CPUS', needed: { min: 4, max: 12 } });
    expect(first && fits(first, 'min')).toBe(true);
    expect(first && fits(first, 'max')).toBe(false);
    expect(second).toMatchObject({ metric: 'IN_USE_ADDRESSES' });
  });

  test('families have their own, VMs that run count once, addresses only where there are some', () => {
    expect(quotaChecks(region, { ...size, type: 'n2-standard-4' })[0]).toMatchObject({ metric: 'N2_CPUS' });
    const grown = quotaChecks(region, { ...size, running: 2 });
    expect(grown).toContainEqual(expect.objectContaining({ metric: 'CPUS', needed: { min: 0, max: 4 } }));
    const rolling = quotaChecks(region, { ...size, running: 3, beside: 1 });
    expect(rolling).toContainEqual(expect.objectContaining({ metric: 'CPUS', needed: { min: 4, max: 4 } }));
    const everywhere = { quotas: [...quotas, { metric: 'CPUS_ALL_REGIONS', limit: 8, usage: 6 }] } as never;
    expect(quotaChecks(everywhere, size)[0]).toMatchObject({ metric: 'CPUS_ALL_REGIONS', needed: { min: 4 } });
    const metrics = quotaChecks(region, { ...size, externalAddress: false }).map(({ metric }) => metric);
    expect(metrics).not.toContain('IN_USE_ADDRESSES');
  });

  test('a builder has an address, disks count as SSDs unless they are Hyperdisks', () => {
    const of = (more: object) =>
      Object.fromEntries(quotaChecks(region, { ...size, ...more }).map(({ metric, needed }) => [metric, needed]));
    const baking = of({ externalAddress: false, beside: 1, bakes: true });
    expect(baking.IN_USE_ADDRESSES).toEqual({ min: 1, max: 1 });
    expect(baking.SSD_TOTAL_GB).toEqual({ min: 30, max: 90 });
    const newest = of({ type: 'c4-standard-4' });
    expect(Object.keys(newest)).toEqual(expect.not.arrayContaining(['SSD_TOTAL_GB', 'CPUS', 'E2_CPUS']));
  });
});

describe('the price', () => {
  const request = {
    zones: ['europe-west3-c'],
    type: 'e2-standard-4',
    diskGb: 30,
    min: 1,
    max: 3,
  };

  test('is a range with the load balancer in it, and a date', () => {
    const { perHour, lines } = costOf(request, true);
    expect(perHour?.max).toBeCloseTo((perHour?.min ?? 0) * 3 - 0.05, 6);
    expect(lines.join('\n')).toContain(
      'list prices as of 2025-01 (built in, not fetched); excludes tax, traffic and logs',
    );
    expect(lines[0]).toContain('load balancer');
  });

  test('is not guessed, and --ttl is not called a bound', () => {
    expect(costOf({ ...request, type: 'x9-huge' }, true).perHour).toBeUndefined();
    expect(costOf({ ...request, ttlSeconds: 3600 }, true).lines.join('\n')).toContain('the group replaces it');
  });
});

describe('a template', () => {
  const spec: TemplateSpec = {
    ...{ type: 'e2-standard-4', image: 'i', bootHash: 'h', diskGb: 30, network: 'n', externalAddress: true, tag: 't' },
  };
  const source = { image: 'i', metadata: { 'user-data': '#cloud-config' }, hash: 'h', startSeconds: 60 };

  test('has a key of its content, in whatever order', () => {
    const turned = Object.fromEntries(Object.entries(spec).reverse()) as unknown as TemplateSpec;
    expect(templateKey(turned)).toBe(templateKey({ ...spec, ttlSeconds: undefined }));
    expect(templateKey({ ...spec, bootHash: 'other' })).not.toBe(templateKey(spec));
    expect(templateKey(spec)).toMatch(/^template-[0-9a-f]{8}$/);
  });

  test('is a shielded VM that can call nothing, and ends itself with --ttl', () => {
    const made = propertiesOf({ ...spec, ttlSeconds: 3600 }, source, { stack: 's', createdBy: 'x' });
    expect(made).toMatchObject({
      serviceAccounts: [],
      shieldedInstanceConfig: { enableSecureBoot: true },
      scheduling: { maxRunDuration: { seconds: 3600 }, instanceTerminationAction: 'DELETE' },
    });
    expect(made.metadata?.items).toContainEqual({ key: 'block-project-ssh-keys', value: 'TRUE' });
    const inside = propertiesOf({ ...spec, externalAddress: false }, source, { stack: 's', createdBy: 'x' });
    expect(inside.networkInterfaces?.[0]?.accessConfigs).toEqual([]);
  });
});

test.each([
  ['e2-standard-4', 'pd-balanced'],
  ['c3-standard-4', 'pd-balanced'],
  ['n4-standard-4', 'hyperdisk-balanced'],
  ['c4a-standard-4', 'hyperdisk-balanced'],
])('%s boots from %s', (type, disk) => expect(diskTypeOf(type)).toBe(disk));
