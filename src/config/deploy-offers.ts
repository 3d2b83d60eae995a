import { Flags } from '@oclif/core';
import { type Assignment, assignAll } from '../services/deploy/placements.ts';
import type { Provider } from '../services/stack/provider.ts';
import { type FlagsOf, flagsOver } from '../services/targets/place-flags.ts';
import { variable } from '../services/words.ts';
import { refuseForeignFlags } from '../services/workloads/ask.ts';
import type { FlagSet, FlagValues, ServiceDefinition } from '../services/workloads/service-definition.ts';
import { refuseOtherEngines } from './engine-flags.ts';
import { urlFlag } from './flags.ts';

type Help = Provider['help'];

/** What one command that deploys offers; its examples are the words behind its own name. */
export interface DeployOffer extends Help {
  /** Its word on the command line. */
  readonly name: string;
  /** More than one place: they are called by that word together. */
  readonly isMany: boolean;
  readonly flags: FlagSet;
  /**
   * Which services go where, by the values of the flags.
   *
   * @throws RemedyError (exit 2) for a flag that was typed and means none of them
   */
  assignments(values: FlagValues, isTyped: (flag: string) => boolean): readonly Assignment[];
}

/** The flags of a place that a deploy has. */
export const deployFlagsOf: FlagsOf = ({ placeFlags, deployFlags }) => ({ ...placeFlags, ...deployFlags });

const yes = Flags.boolean({ char: 'y', description: 'do not ask before the first change' });
const dryRun = Flags.boolean({ description: 'show the plan and the cost, and change nothing' });

/** A deploy for each place that runs anything, and one of everything to all clouds together. */
export function deployOffers(
  providers: readonly Provider[],
  services: readonly ServiceDefinition[],
): readonly DeployOffer[] {
  const able = providers.filter((each) => services.some((service) => each.runs(service)));
  return [...able.map((provider) => offerOf(provider, services)), offerOfAll(providers, services)];
}

function offerOf(provider: Provider, services: readonly ServiceDefinition[]): DeployOffer {
  const runs = services.filter((service) => provider.runs(service));
  const chosen = provider.chosen(runs);
  const together = chosen.length === runs.length;
  const needs = new Set(runs.flatMap((service) => service.needs));
  if (together) for (const { name } of chosen) needs.delete(name);
  const [first] = chosen;
  const service = Flags.option({
    description: 'service to deploy there',
    options: runs.map(({ name }) => name),
    ...(first === undefined ? {} : { default: first.name }),
    env: 'CHAINCTL_SERVICE',
  })();
  return {
    name: provider.name,
    isMany: false,
    ...provider.help,
    flags: {
      ...deployFlagsOf(provider),
      ...(together ? {} : { service }),
      ...Object.fromEntries([...needs].map((name) => [`${name}-url`, urlOf(name)])),
      ...(provider.billed ? { yes } : {}),
      'dry-run': dryRun,
    },
    assignments(values, isTyped) {
      const { service: named = first?.name } = values;
      refuseOtherEngines(values, isTyped);
      const deployed = together ? chosen : runs.filter(({ name }) => name === named);
      refuseForeignFlags(deployed, services, isTyped);
      return [{ provider, services: deployed }];
    },
  };
}

function urlOf(name: string) {
  return urlFlag({
    description: `address of ${name.toUpperCase()}, for a service that needs it [default: this stack's]`,
    env: variable(name, 'url'),
  });
}

function offerOfAll(providers: readonly Provider[], services: readonly ServiceDefinition[]): DeployOffer {
  const all = assignAll(providers, services);
  const where = all.map(
    ({ provider, services: own }) => `${own.map(({ name }) => name.toUpperCase())} on ${provider.title}`,
  );
  const places = all.map(({ provider }) => provider);
  return {
    name: 'all',
    isMany: true,
    summary: `bring the whole chain up: ${where.join(', ')}, at the same time`,
    description: `Addresses are reserved first, so that services can come up at the same time.
Shows all plans and prices and asks once. Run it again to change what differs, or to continue after a failure.
"chainctl teardown all" leaves nothing.`,
    examples: ['--ttl 4h', '--dry-run --json'],
    flags: { ...flagsOver(places, deployFlagsOf), yes, 'dry-run': dryRun },
    assignments(values, isTyped) {
      refuseOtherEngines(values, isTyped);
      return all;
    },
  };
}
