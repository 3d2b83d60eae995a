import { describe, expect, it } from 'vitest';
import { type ElasticFlags, elasticLoad } from '../../../src/config/elastic-flags.ts';
import { namedGroup } from '../../../src/services/targets/gcp/group-flags.ts';

const flags = {
  elastic: true,
  'elastic-min-rps': 1,
  'elastic-max-rps': 50,
  'elastic-factor': 2,
  'elastic-hold': 60,
  'elastic-grow': 900,
  'elastic-scale-in': 1200,
} as ElasticFlags;
const elasticSettings = (...of: Parameters<typeof elasticLoad>) => elasticLoad(...of)?.settings;
const typed = (...names: readonly string[]) => names.map((name) => `--${name}`);

describe('the flags of an elastic load', () => {
  it('are its profile', () => {
    expect(elasticSettings({ ...flags, 'elastic-size': 2 } as ElasticFlags, typed())).toEqual({
      ...{ lowRps: 1, maxRps: 50, factor: 2, holdSeconds: 60, growSeconds: 900, scaleInSeconds: 1200, size: 2 },
    });
    expect(elasticSettings({ ...flags, elastic: false }, typed())).toBeUndefined();
  });

  it.each(['rps', 'duration', 'warmup', 'gate', 'find-knee', 'stop-above-knee', 'resume'])('refuse --%s', (flag) => {
    expect(() => elasticSettings(flags, typed(flag))).toThrow(`--elastic decides what --${flag} asks for`);
  });

  it.each(['elastic-step', 'group', 'zone'])('are refused without --elastic: --%s', (flag) => {
    expect(() => elasticSettings({ ...flags, elastic: false }, typed(flag), ['group', 'zone'])).toThrow(
      `--${flag} needs --elastic`,
    );
  });

  it('lead to --target where --url is meant for the server of a load', () => {
    const load = () => elasticSettings({ ...flags, elastic: false }, typed('url'), ['url']);
    expect(load).toThrow(
      expect.objectContaining({ nextSteps: ['name the server to load with --target, or add --elastic'] }),
    );
  });

  it('refuse a highest rate that is none', () => {
    expect(() => elasticSettings({ ...flags, 'elastic-max-rps': 1 }, typed())).toThrow(
      '--elastic-max-rps 1 is not above',
    );
  });
});

describe('the flags of a group', () => {
  it('name it whole, or not at all', () => {
    expect(namedGroup({})).toBeUndefined();
    expect(namedGroup({ project: 'p' })).toBeUndefined();
    expect(namedGroup({ group: 'g', zones: 'europe-west3-c', 'backend-service': 's' })).toEqual({
      ...{ group: 'g', location: { zone: 'europe-west3-c' }, backendService: 's' },
    });
    expect(() => namedGroup({ group: 'g' })).toThrow('group g needs its zone or its region');
    expect(() => namedGroup({ url: 'http://127.0.0.1' })).toThrow('--url needs --group');
  });
});
