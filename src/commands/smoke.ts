import { randomInt } from 'node:crypto';
import { styleText } from 'node:util';
import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag, tokenFileFlag } from '../config/flags.ts';
import { givenUrls, serviceUrlFlags, smokeTargetFlag } from '../config/service-urls.ts';
import { ExitCode } from '../errors.ts';
import { chainTokens, endpointsOf, wayOut } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { createChainClient } from '../services/chain/client.ts';
import { junitOf, prepareReportFile, writeReportFile } from '../services/smoke/junit-file.ts';
import { runSmoke } from '../services/smoke/run-smoke.ts';
import { smokeTarget, smokeTargets } from '../services/smoke/targets.ts';
import { formatSmokeReport } from '../ui/format/check.ts';

export default class Smoke extends BaseCommand<typeof Smoke> {
  static override summary = 'check that the chain works: health, answers, timings and refusals of A and B';
  static override description = `Without --target and --b-url the deployed stack is checked.
Exits 8 when a check fails. Skipped checks are counted, and do not fail the run.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --b-url http://127.0.0.1:8002',
    '<%= config.bin %> <%= command.id %> --junit reports/smoke.xml --timeout 3m',
  ];
  static override flags = {
    target: smokeTargetFlag(),
    ...serviceUrlFlags,
    'min-process-seconds': durationFlag({
      description: 'minimum processing time of B [default: what the stack was deployed with, else not checked]',
      helpValue: '5s',
    }),
    timeout: durationFlag({
      description: 'longest time of each request; health requests have at most 10 s',
      default: 180,
      min: 0.1,
    }),
    'token-file': tokenFileFlag,
    junit: Flags.string({ description: 'file to write the results to as JUnit XML, too', helpValue: 'FILE' }),
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { target, 'min-process-seconds': minProcessSeconds, timeout, junit } = this.flags;
    if (junit !== undefined) await prepareReportFile(junit);
    const { service } = smokeTarget(target);
    const named = {
      urls: givenUrls(this.flags),
      ...(service === undefined ? {} : { service }),
      ...(minProcessSeconds === undefined ? {} : { minProcessSeconds }),
    };
    const tokenOf = await chainTokens(this.stack, this.flags['token-file']);
    const targets = await smokeTargets(this.stack, named, () => endpointsOf(this.stack));
    const client = createChainClient({
      clock: systemClock,
      timeoutMs: timeout * 1000,
      signal,
      tokenOf,
      ...(await wayOut()),
    });
    try {
      const deps = { client, clock: systemClock, emit, signal };
      const report = await runSmoke({ ...targets, timeoutSeconds: timeout, seed: randomInt(0xffff_ffff) }, deps);
      if (junit !== undefined) await writeReportFile(junit, junitOf(report, systemClock.now()));
      return {
        result: report,
        text: formatSmokeReport(report, Math.min(100, process.stdout.columns || 80), (format, text) =>
          styleText(format, text, { stream: process.stdout }),
        ),
        exit: report.failed > 0 ? ExitCode.checkFailed : ExitCode.ok,
      };
    } finally {
      await client.close();
    }
  }
}
