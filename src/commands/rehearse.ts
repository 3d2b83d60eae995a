import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag, integerFlag } from '../config/flags.ts';
import { resultsFlag } from '../config/results-flag.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { aboutThisRun, placesFor, stackDeps } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { createChainClient } from '../services/chain/client.ts';
import { type Deployment, runDeploy } from '../services/deploy/run-deploy.ts';
import { readPrompt } from '../services/load/prompt.ts';
import { checkResultsFolder } from '../services/load/record/results-folder.ts';
import { parseRates } from '../services/load/schedule/rates.ts';
import { runSweep } from '../services/load/sweep/run-sweep.ts';
import { REHEARSAL_STACK, soleRehearsal } from '../services/rehearsal/rehearsal-stack.ts';
import { type RehearsalReport, rehearse } from '../services/rehearsal/rehearse.ts';
import { reportRun } from '../services/results/write-report.ts';
import { runSmoke } from '../services/smoke/run-smoke.ts';
import { readEndpoints } from '../services/stack/endpoints.ts';
import type { Place } from '../services/stack/places.ts';
import { teardownStack } from '../services/stack/stack-teardown.ts';
import type { TeardownReport } from '../services/stack/teardown.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import { deployResult } from '../ui/render-deploy.ts';
import { renderRehearsal } from '../ui/render-rehearsal.ts';

const SMOKE_TIMEOUT_SECONDS = 30;

export default class Rehearse extends BaseCommand<typeof Rehearse> {
  static override summary = 'the whole job once on this machine: deploy, smoke, a short sweep, teardown';
  static override description =
    `Needs no cloud, no Docker and no model: the engine is simulated, and so are all figures. Takes about a minute.
Uses free ports and a stack of its own, and takes it down after a failure or Ctrl-C, too. The results stay.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --rps 1,5,10 --duration 3s --replicas 2',
  ];
  static override flags = {
    rps: Flags.string({ description: 'requests per second of each point', default: '1,5,10,20,40', helpValue: 'LIST' }),
    duration: durationFlag({ description: 'of each point', default: 5, min: 0.1 }),
    replicas: integerFlag({ description: 'how many B there are', default: 3, min: 1, max: 16 }),
    results: resultsFlag({ description: 'folder of the results', formerly: ['out'] }),
  };

  protected override readonly defaultStack = REHEARSAL_STACK;

  protected async perform({ emit, signal, sweepControl: control }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    await checkResultsFolder(flags.results);
    const [rates, prompt, deps, { paths, places }] = await Promise.all([
      parseRates(flags.rps),
      readPrompt(undefined),
      stackDeps(emit, signal),
      placesFor(this.stack, PROVIDERS, {}, signal),
    ]);
    const place = places.find(({ provider }) => provider.rehearsal !== undefined) as Place;
    const request = await place.provider.rehearsal?.(flags.replicas);
    const unlock = await soleRehearsal(join(paths.folder, '..', `${paths.name}.rehearsal.lock`), place, deps);
    const client = createChainClient({ clock: systemClock, timeoutMs: SMOKE_TIMEOUT_SECONDS * 1000, signal });
    const warmupSeconds = 1;
    let page: string | undefined;
    const sweepSeconds = rates.length * (flags.duration + warmupSeconds + 1);
    try {
      const report = await rehearse(
        {
          async deploy() {
            const placement = { place, services: SERVICES, request };
            const [deployment] = await runDeploy(paths, [placement], { dryRun: false, known: {} }, deps);
            return deployment as Deployment;
          },
          smoke: async () =>
            runSmoke(
              { ...(await readEndpoints(paths)), timeoutSeconds: SMOKE_TIMEOUT_SECONDS, seed: 2 },
              { client, clock: systemClock, emit, signal },
            ),
          sweep: async ({ endpoints }) => {
            const report = await runSweep(
              {
                ...{
                  targetUrl: `${endpoints.a}/chain`,
                  tag: 'rehearsal',
                  rates,
                  prompt,
                  seed: 1,
                  outFolder: flags.results,
                  preflight: true,
                },
                ...{ durationSeconds: flags.duration, warmupSeconds, timeoutSeconds: 30, drainSeconds: 30 },
                about: aboutThisRun(this.config.version, ['rehearse', ...this.argv]),
              },
              { clock: systemClock, client, emit, signal, control },
            );
            ({ page } = await reportRun(report.runFolder, emit));
            return report;
          },
          async teardown() {
            const [report] = await teardownStack(paths, [place], { ...deps, signal: AbortSignal.timeout(60_000) });
            return report as TeardownReport;
          },
        },
        emit,
        { sweepSeconds },
      );
      return {
        result: { ...report, deployment: deployResult([report.deployment]) },
        text: renderRehearsal(report, process.stdout.columns || 80, page),
        exit: exitOf(report, signal),
      };
    } catch (error) {
      if (!signal.aborted || !(error instanceof RemedyError) || error.code !== 'interrupted') throw error;
      throw new RemedyError(`${error.message}; everything that was started has been taken down`, {
        code: 'interrupted',
        exit: error.exit,
        nextSteps: ['run it again: chainctl rehearse'],
      });
    } finally {
      await client.close();
      await unlock();
    }
  }
}

function exitOf({ smoke, sweep }: RehearsalReport, signal: AbortSignal): ExitCode {
  if (smoke.failed > 0) return ExitCode.checkFailed;
  if (sweep?.problem !== undefined) return ExitCode.configuration;
  if (sweep?.status === 'complete') return ExitCode.ok;
  return signal.reason instanceof RemedyError ? signal.reason.exit : ExitCode.interrupted;
}
