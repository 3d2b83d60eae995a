import type { Command } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { type DeployOffer, deployFlagsOf, deployOffers } from '../config/deploy-offers.ts';
import { placesFor, stackDeps } from '../operator.ts';
import { placementsOf } from '../services/deploy/placements.ts';
import { runDeploy } from '../services/deploy/run-deploy.ts';
import type { Provider } from '../services/stack/provider.ts';
import type { FlagSet, FlagValues, ServiceDefinition } from '../services/workloads/service-definition.ts';
import { asker, confirmYes } from '../ui/confirm.ts';
import { deployResult, renderDeploy } from '../ui/render-deploy.ts';

/** `deploy NAME` for each place, and `deploy all` for all clouds together, by their ids. */
export function deployCommands(
  providers: readonly Provider[],
  services: readonly ServiceDefinition[],
): Readonly<Record<string, Command.Class>> {
  return Object.fromEntries(deployOffers(providers, services).map((offer) => [`deploy:${offer.name}`, command(offer)]));
}

function command(offer: DeployOffer): Command.Class {
  return class extends Deploy {
    static override summary = offer.summary;
    static override description = offer.description;
    static override examples = offer.examples.map((words) => `<%= config.bin %> <%= command.id %> ${words}`.trimEnd());
    static override flags: FlagSet = offer.flags;
    protected readonly offer = offer;
  };
}

abstract class Deploy extends BaseCommand<typeof BaseCommand> {
  protected abstract readonly offer: DeployOffer;

  protected async perform(context: CommandContext): Promise<CommandOutcome> {
    const flags: FlagValues = this.flags;
    const { emit, signal } = context;
    const assignments = this.offer.assignments(flags, this.isTyped);
    const providers = assignments.map(({ provider }) => provider);
    const { paths, places } = await placesFor(this.stack, providers, flags, signal, {
      flagsOf: deployFlagsOf,
      ask: asker(context),
    });
    const { placements, known } = await placementsOf(paths, assignments, places, flags);
    const options = { dryRun: flags['dry-run'] === true, known };
    const deployments = await runDeploy(paths, placements, options, {
      ...(await stackDeps(emit, signal)),
      async confirm(notes) {
        if (flags.yes === true) return;
        await confirmYes(`deploying stack ${paths.name}`, flags.quiet === true ? notes : [], context);
      },
    });
    const name = this.offer.isMany ? this.offer.name : undefined;
    return { result: deployResult(deployments, name), text: renderDeploy(deployments, name) };
  }
}
