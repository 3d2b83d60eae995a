import { describe, expect, test } from 'vitest';
import { deployOffers } from '../../../src/config/deploy-offers.ts';
import { PROVIDERS } from '../../../src/services/targets/providers.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';

const offers = deployOffers(PROVIDERS, SERVICES);

describe.each(PROVIDERS.map((provider) => [provider.name, provider] as const))('deploy %s', (name, provider) => {
  const names = Object.keys(offers.find((offer) => offer.name === name)?.flags ?? {});

  test.each(SERVICES.filter((service) => provider.runs(service)).map((service) => [service.name, service] as const))(
    'offers the model and the settings of service %s, which it can bring up',
    (_, service) => {
      expect(names.some((each) => each === 'model' || each === `model-${service.name}`)).toBe(true);
      expect(names).toEqual(expect.arrayContaining(Object.keys(service.flags)));
    },
  );
});

describe('a flag that means a service', () => {
  const deploy = (place: string, service: string | undefined, ...typed: string[]) => {
    const offer = offers.find(({ name }) => name === place);
    return () => offer?.assignments({ service }, (flag) => typed.includes(flag));
  };

  test.each([
    ['aws', 'b', 'model-a', 'A'],
    ['aws', 'b', 'b-url', 'A'],
    ['aws', undefined, 'model-b', 'B'],
    ['host', undefined, 'min-process-seconds', 'B'],
  ])('is refused by a deploy %s of service %s: --%s', (place, service, flag, owner) => {
    expect(deploy(place, service, flag)).toThrow(`--${flag} is for service ${owner}, and this deploys`);
  });

  test('is taken where that service is deployed', () => {
    expect(deploy('aws', 'b', 'model-b', 'min-process-seconds', 'type')).not.toThrow();
    expect(deploy('aws', undefined, 'model-a', 'b-url')).not.toThrow();
    expect(deploy('local', undefined, 'model-a', 'model-b', 'min-process-seconds')).not.toThrow();
    expect(deploy('all', undefined, 'model-a', 'model-b')).not.toThrow();
  });
});

test('deploy all has one flag for what all its places call the same', () => {
  const names = Object.keys(offers.find(({ isMany }) => isMany)?.flags ?? {});
  const settings = SERVICES.flatMap(({ name, flags }) => [`model-${name}`, ...Object.keys(flags)]);
  expect(names).toEqual(expect.arrayContaining(settings));
  expect(names.filter((name) => settings.some((setting) => name !== setting && name.endsWith(setting)))).toEqual([]);
});
