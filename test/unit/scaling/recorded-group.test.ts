import { describe, expect, it } from 'vitest';
import type { ResourceRecord } from '../../../src/services/stack/state.ts';
import { recordedGroup } from '../../../src/services/targets/gcp/open-group.ts';
import type { GcpRequest } from '../../../src/services/targets/gcp/request.ts';
import { GCP_REQUEST } from '../../support/gcp-request.ts';

const request: GcpRequest = { ...GCP_REQUEST, zones: ['europe-west3-c', 'europe-west3-a'], bake: true, auth: 'none' };
const made = (since: string, status: ResourceRecord['status'] = 'ready'): ResourceRecord => ({
  ...{ status, since, token: 't', spec: {}, identity: {} },
});

describe("a stack's own group", () => {
  it('is where it was made last, in the naming of the stack', () => {
    const resources = {
      'group-europe-west3-c': made('2026-01-31T12:00:00Z', 'removing'),
      'group-europe-west3-a': made('2026-01-31T11:00:00Z'),
      backend: made('2026-01-31T11:30:00Z'),
    };
    expect(recordedGroup('lab', { request, resources, endpoints: { b: 'http://203.0.113.9' } })).toEqual({
      group: 'chainctl-lab-llm-b-mig',
      location: { zone: 'europe-west3-a' },
      backendService: 'chainctl-lab-backend',
      url: 'http://203.0.113.9',
    });
  });

  it('is not asked who answers where the questions would make it grow', () => {
    const url = (changed: Partial<GcpRequest>) =>
      recordedGroup('lab', { request: { ...request, ...changed }, resources: {}, endpoints: { b: 'http://b' } })?.url;
    const autoscale = { signal: 'lb', target: 0.8 } as const;
    expect(url({ autoscale })).toBeUndefined();
    expect(url({ autoscale, ratePerInstance: 20 })).toBe('http://b');
    expect(url({})).toBe('http://b');
  });

  it('is looked for where it is made first while there is none', () => {
    expect(recordedGroup('lab', { request, resources: {}, endpoints: {} })?.location).toEqual({
      zone: 'europe-west3-c',
    });
    const regional = { ...request, regionWide: true };
    expect(recordedGroup('lab', { request: regional, resources: {}, endpoints: {} })?.location).toEqual({
      region: 'europe-west3',
    });
    expect(recordedGroup('lab', { request: { other: true }, resources: {}, endpoints: {} })).toBeUndefined();
  });
});
