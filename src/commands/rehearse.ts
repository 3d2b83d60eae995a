import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag, integerFlag, resultsFlag } from '../config/flags.ts';
import { ExitCode } from '../errors.ts';
import { aboutThisRun, placesFor, stackDeps } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { createChainClient } from '../services/chain/client.ts';
import { readPrompt } from '../services/load/prompt-file.ts';
import { checkResultsFolder } from '../services/load/record/results-folder.ts';
import { parseRates } from '../services/load/schedule/rates.ts';
import { REHEARSAL_STACK, REQUEST_SECONDS, rehearse } from '../services/rehearsal/rehearse.ts';
import { exitOfSweep } from '../services/results/exit-codes.ts';
import type { Place } from '../services/stack/places.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import { deployResult } from '../ui/render-deploy.ts';
import { renderRehearsal } from '../ui/render-rehearsal.ts';

export default class Rehearse extends BaseCommand<typeof Rehearse> {
  static override summary = 'do the whole job once on this machine: deploy, smoke, a short sweep, teardown';
  static override description =
    `Needs no cloud, no Docker and no model: the engine is simulated, and so are all figures. Takes about a minute.
Uses free ports and a stack of its own, and takes it down after a failure or Ctrl-C, too. The results stay.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --rps 1,5,10 --duration 3s --replicas 2',
  ];
  static override flags = {
    rps: Flags.string({ description: 'requests per second of each point', default: '1,5,10,20,40', helpValue: 'LIST' }),
    duration: durationFlag({ description: 'length of each point', default: 5, min: 0.1 }),
    replicas: integerFlag({ description: 'replicas of B', default: 3, min: 1, max: 16 }),
    results: resultsFlag('folder of the results', ['out']),
  };

  protected override readonly defaultStack = REHEARSAL_STACK;

  protected async perform({ emit, signal, sweepControl: control }: CommandContext): Promise<CommandOutcome> {
    const { rps, duration: durationSeconds, replicas, results: outFolder } = this.flags;
    await checkResultsFolder(outFolder);
    const [rates, prompt, deps, { places }] = await Promise.all([
      parseRates(rps),
      readPrompt(undefined),
      stackDeps(emit, signal),
      placesFor(this.stack, PROVIDERS, {}, signal),
    ]);
    const place = places.find(({ provider }) => provider.rehearsal !== undefined) as Place;
    const placement = { place, services: SERVICES, request: await place.provider.rehearsal?.(replicas) };
    const about = aboutThisRun(this.config.version, ['rehearse', ...this.argv]);
    const client = createChainClient({ clock: systemClock, timeoutMs: REQUEST_SECONDS * 1000, signal });
    try {
      const load = { rates, prompt, durationSeconds, outFolder, about };
      const { page, ...report } = await rehearse(placement, load, { ...deps, client, control });
      const { smoke, sweep } = report;
      return {
        result: { ...report, deployment: deployResult([report.deployment]), report: page },
        text: renderRehearsal(report, process.stdout.columns || 80, page),
        exit: smoke.failed > 0 || sweep === undefined ? ExitCode.checkFailed : exitOfSweep(sweep, signal),
      };
    } finally {
      await client.close();
    }
  }
}
