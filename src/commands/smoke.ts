import { randomInt } from 'node:crypto';
import { styleText } from 'node:util';
import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag, tokenFileFlag, urlFlag } from '../config/flags.ts';
import { ExitCode } from '../errors.ts';
import { chainTokens, pathsOf } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { createChainClient } from '../services/chain/client.ts';
import { junitOf, prepareReportFile, writeReportFile } from '../services/smoke/junit-file.ts';
import { runSmoke } from '../services/smoke/run-smoke.ts';
import { smokeTargets } from '../services/smoke/targets.ts';
import { readEndpoints } from '../services/stack/endpoints.ts';
import { dependents, entryOf, SERVICES } from '../services/workloads/catalog.ts';
import type { FlagSet, FlagValues } from '../services/workloads/service-definition.ts';
import { formatSmokeReport } from '../ui/format/check.ts';

/** Services behind the one where requests come in. */
const BEHIND = SERVICES.flatMap(({ name }) =>
  dependents(name).map((other) => [name, `${name}-url`, name.toUpperCase(), other.name.toUpperCase()] as const),
);
const urlFlags: FlagSet = Object.fromEntries(
  BEHIND.map(([, flag, name, other]) => {
    const description = `${name}'s address [default: the stack's, else where ${other} sends]`;
    return [flag, urlFlag({ description, env: `CHAINCTL_${name}_URL` })];
  }),
);

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
    target: urlFlag({ description: `${entryOf().name.toUpperCase()}'s address`, env: 'CHAINCTL_TARGET' }),
    ...urlFlags,
    'min-process-seconds': durationFlag({
      description: 'minimum processing time of B [default: what the stack was deployed with, else not checked]',
      helpValue: '5s',
    }),
    timeout: durationFlag({ description: 'for each request; a health gets at most 10 s', default: 180, min: 0.1 }),
    'token-file': tokenFileFlag,
    junit: Flags.string({ description: 'write the results as JUnit XML, too', helpValue: 'FILE' }),
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { target, 'min-process-seconds': minProcessSeconds, timeout, junit } = this.flags;
    const given: FlagValues = this.flags;
    if (junit !== undefined) await prepareReportFile(junit);
    const named = {
      urls: {
        ...(target === undefined ? {} : { [entryOf().name]: target }),
        ...Object.fromEntries(
          BEHIND.flatMap(([name, flag]) => (given[flag] === undefined ? [] : [[name, String(given[flag])]])),
        ),
      },
      ...(minProcessSeconds === undefined ? {} : { minProcessSeconds }),
    };
    const tokenOf = await chainTokens(this.stack, this.flags['token-file']);
    const targets = await smokeTargets(this.stack, named, () => readEndpoints(pathsOf(this.stack)));
    const client = createChainClient({ clock: systemClock, timeoutMs: timeout * 1000, signal, tokenOf });
    try {
      const deps = { client, clock: systemClock, emit, signal };
      const report = await runSmoke({ ...targets, timeoutSeconds: timeout, seed: randomInt(0xffff_ffff) }, deps);
      if (junit !== undefined) await writeReportFile(junit, junitOf(report, systemClock.now()));
      return {
        result: report,
        text: formatSmokeReport(report, {
          width: Math.min(100, process.stdout.columns || 80),
          paint: (format, text) => styleText(format, text, { stream: process.stdout }),
        }),
        exit: report.failed > 0 ? ExitCode.checkFailed : ExitCode.ok,
      };
    } finally {
      await client.close();
    }
  }
}
