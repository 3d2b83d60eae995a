import { type Command, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { urlFlag } from '../config/flags.ts';
import { pathsOf, stackDeps, thisOperator } from '../operator.ts';
import { checkNeeds, namedUrls } from '../services/deploy/links.ts';
import { type Assignment, assignAll } from '../services/deploy/placements.ts';
import { type Placement, runDeploy } from '../services/deploy/run-deploy.ts';
import { readEndpoints } from '../services/stack/endpoints.ts';
import { placesOf } from '../services/stack/places.ts';
import type { Provider } from '../services/stack/provider.ts';
import { readState } from '../services/stack/state.ts';
import { type FlagsOf, flagsOver, ownValues } from '../services/targets/place-flags.ts';
import type { FlagSet, FlagValues, ServiceDefinition } from '../services/workloads/service-definition.ts';
import { asker, confirmYes } from '../ui/confirm.ts';
import { deployResult, renderDeploy } from '../ui/render-deploy.ts';

/** `deploy NAME` for each place, and `deploy all` for all clouds together, by their ids. */
export function deployCommands(
  providers: readonly Provider[],
  services: readonly ServiceDefinition[],
): Readonly<Record<string, Command.Class>> {
  const own = providers
    .filter((each) => services.some((service) => each.runs(service)))
    .map((provider) => [`deploy:${provider.name}`, deployTo(provider, services)]);
  return { ...Object.fromEntries(own), 'deploy:all': deployEverywhere(providers, services) };
}

const flagsOf: FlagsOf = ({ placeFlags, deployFlags }) => ({ ...placeFlags, ...deployFlags });

const yes = Flags.boolean({ char: 'y', description: 'do not ask before the first change' });
const dryRun = Flags.boolean({ description: 'show the plan and the cost, and change nothing' });

/** The words behind a command's own name in its examples. */
const examplesOf = (words: readonly string[]) =>
  words.map((each) => `<%= config.bin %> <%= command.id %> ${each}`.trimEnd());

function deployTo(provider: Provider, services: readonly ServiceDefinition[]): Command.Class {
  const runs = services.filter((service) => provider.runs(service));
  const chosen = provider.chosen(runs);
  const together = chosen.length === runs.length;
  const needs = together ? [] : [...new Set(runs.flatMap((service) => service.needs))];
  const service = Flags.option({
    description: 'which service it gets',
    options: runs.map(({ name }) => name),
    ...(chosen[0] === undefined ? {} : { default: chosen[0].name }),
    env: 'CHAINCTL_SERVICE',
  })();
  return class extends Deploy {
    static override summary = provider.help.summary;
    static override description = provider.help.description;
    static override examples = examplesOf(provider.help.examples);
    static override flags: FlagSet = {
      ...flagsOf(provider),
      ...(together || runs.length < 2 ? {} : { service }),
      ...Object.fromEntries(needs.map((name) => [`${name}-url`, urlOf(name)])),
      ...(provider.billed ? { yes } : {}),
      'dry-run': dryRun,
    };
    protected assignments({ service: name }: FlagValues): Assignment[] {
      return [
        { provider, services: together ? chosen : runs.filter((each) => each.name === (name ?? chosen[0]?.name)) },
      ];
    }
  };
}

function urlOf(name: string) {
  return urlFlag({
    description: `address of ${name.toUpperCase()}, for a service that needs it [default: that of this stack]`,
    env: `CHAINCTL_${name.toUpperCase()}_URL`,
  });
}

function deployEverywhere(providers: readonly Provider[], services: readonly ServiceDefinition[]): Command.Class {
  const all = assignAll(providers, services);
  const where = all.map(
    ({ provider, services: own }) => `${own.map(({ name }) => name.toUpperCase())} on ${provider.title}`,
  );
  return class extends Deploy {
    static override summary = `bring the whole chain up: ${where.join(', ')}, side by side`;
    static override description =
      `Addresses are reserved first, so that each service is made with those that it needs while they come up.
Shows all plans and prices and asks once. Run it again to change what differs, or to go on after anything that
went wrong. "chainctl teardown all" leaves nothing.`;
    static override examples = examplesOf(['--ttl 4h', '--dry-run --json']);
    static override flags: FlagSet = {
      ...flagsOver(
        all.map(({ provider }) => provider),
        flagsOf,
      ),
      yes,
      'dry-run': dryRun,
    };
    protected override readonly target = 'all';
    protected assignments(): Assignment[] {
      return all;
    }
  };
}

abstract class Deploy extends BaseCommand<typeof BaseCommand> {
  /** What the whole is called where it is more than one place. */
  protected readonly target: string | undefined = undefined;
  protected abstract assignments(flags: FlagValues): readonly Assignment[];

  protected async perform({ emit, signal, terminal, aside }: CommandContext): Promise<CommandOutcome> {
    const flags: FlagValues = this.flags;
    const isDry = flags['dry-run'] === true;
    const paths = pathsOf(this.stack);
    const asking = { ...terminal, signal, aside };
    const assignments = this.assignments(flags);
    const providers = assignments.map(({ provider }) => provider);
    const places = placesOf(providers, await readState(paths.state), {
      ...{ paths, signal, operator: thisOperator(asker(asking)) },
      flagsOf: (provider) => ownValues(flags, provider, providers, flagsOf),
    });
    const deployed = assignments.flatMap(({ services }) => services);
    const needs = deployed.flatMap((service) => service.needs);
    const known = { ...(await readEndpoints(paths)).urls, ...namedUrls(flags, needs) };
    for (const { provider, services } of assignments) {
      if (!provider.neighbours) checkNeeds(services, { stack: paths.name, deployed, known });
    }
    const placements = await Promise.all(
      assignments.map(async ({ provider, services }, index): Promise<Placement> => {
        const place = places[index] as (typeof places)[number];
        return { place, services, request: await provider.ask(place.site, services) };
      }),
    );
    const deployments = await runDeploy(
      paths,
      placements,
      { dryRun: isDry, known },
      {
        ...(await stackDeps(emit, signal)),
        async confirm(notes) {
          if (flags.yes === true) return;
          await confirmYes(`deploying stack ${paths.name}`, flags.quiet === true ? notes : [], asking);
        },
      },
    );
    return { result: deployResult(deployments, this.target), text: renderDeploy(deployments, this.target) };
  }
}
