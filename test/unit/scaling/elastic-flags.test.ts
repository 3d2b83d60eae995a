import { describe, expect, it } from 'vitest';
import { type ElasticFlags, elasticSettings } from '../../../src/config/elastic-flags.ts';
import { type GroupFlags, namedGroup } from '../../../src/config/group-flags.ts';

const flags = {
  elastic: true,
  'elastic-min-rps': 1,
  'elastic-max-rps': 50,
  'elastic-factor': 2,
  'elastic-hold': 60,
  'elastic-grow': 900,
  'elastic-scale-in': 1200,
} as ElasticFlags;
const typed =
  (...names: readonly string[]) =>
  (name: string) =>
    names.includes(name);

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
    expect(() => elasticSettings({ ...flags, elastic: false }, typed(flag))).toThrow(
      `--${flag} says something about an elastic profile`,
    );
  });

  it('refuse a highest rate that is none', () => {
    expect(() => elasticSettings({ ...flags, 'elastic-max-rps': 1 }, typed())).toThrow(
      '--elastic-max-rps 1 is not above',
    );
  });
});

describe('the flags of a group', () => {
  const named = (given: Partial<GroupFlags>) => namedGroup(given as GroupFlags);

  it('name it whole, or not at all', () => {
    expect(named({})).toBeUndefined();
    expect(named({ project: 'p' })).toBeUndefined();
    expect(named({ group: 'g', zone: 'europe-west3-c', 'backend-service': 's' })).toEqual({
      ...{ group: 'g', location: { zone: 'europe-west3-c' }, backendService: 's' },
    });
    expect(() => named({ group: 'g' })).toThrow('where is group g?');
    expect(() => named({ url: 'http://127.0.0.1' })).toThrow('--url says something about a group, and none is named');
  });
});
