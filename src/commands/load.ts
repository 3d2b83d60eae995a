import { randomInt } from 'node:crypto';
import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag, integerFlag } from '../config/flags.ts';
import { ExitCode } from '../errors.ts';
import { systemClock } from '../runtime.ts';
import { readPrompt } from '../services/load/prompt.ts';
import { DEFAULT_RATES, parseRates } from '../services/load/schedule/rates.ts';
import { runSweep } from '../services/load/sweep/run-sweep.ts';
import { checkTag, resolveTarget } from '../services/load/target.ts';
import type { SweepReport } from '../services/load/types.ts';
import { readEndpoints } from '../services/local/endpoints.ts';
import { sweepText } from '../services/results/sweep-table.ts';
import { aboutThisRun, pathsOf } from '../surroundings.ts';

export default class Load extends BaseCommand<typeof Load> {
  static override summary = 'offer the chain a ladder of request rates (open loop), record each answer';
  static override description =
    `Requests are sent at their intended times whatever the answers do, and times count from there.
Files: OUT/TAG_PATH_rpsN.csv and OUT/TAG_summary.csv show the latest run of a tag, written while it runs.
Every run keeps its own files in OUT/RUN-ID/. Ctrl-C keeps what was measured and exits 130.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --rps 1,10,50 --duration 10s',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --rps 1,10,...,1000 --tag aws',
    '<%= config.bin %> <%= command.id %> --target invoke --rps 0.5,1,2 --duration 60s --drain 3m',
  ];
  static override flags = {
    target: Flags.string({
      description: "chain (A) or invoke (B) of the deployed stack, or a URL; a URL's default path is /chain",
      default: 'chain',
      env: 'CHAINCTL_LOAD_TARGET',
      helpValue: 'chain|invoke|URL',
    }),
    rps: Flags.string({
      description: 'requests per second of each point: 1,10,50 or 1,10,...,1000 or 100..1000:100',
      default: DEFAULT_RATES.join(','),
      env: 'CHAINCTL_LOAD_RPS',
      helpValue: 'LIST',
    }),
    duration: durationFlag({ description: 'of each point', default: 10, min: 0.1, env: 'CHAINCTL_LOAD_DURATION' }),
    warmup: durationFlag({ description: 'at the same rate before each point, not in the figures', default: 2 }),
    timeout: durationFlag({ description: 'of each request, connecting included', default: 180, min: 0.001 }),
    drain: durationFlag({ description: 'longest wait for open requests after each point', default: 120 }),
    'max-in-flight': integerFlag({
      description: 'requests beyond it are dropped [default: what this machine allows]',
      min: 1,
    }),
    tag: Flags.string({ description: 'first word of the result files', default: 'local', env: 'RUN_TAG' }),
    out: Flags.string({ description: 'folder of the result files', default: 'results', env: 'CHAINCTL_LOAD_OUT' }),
    'prompt-file': Flags.string({
      description: 'prompt of 1000 characters or more; made unique per request',
      helpValue: 'FILE',
    }),
    seed: integerFlag({ description: 'makes the prompts repeatable [default: random]', min: 0, max: 0xffff_ffff }),
    preflight: Flags.boolean({ description: 'ask the target for its health first', default: true, allowNo: true }),
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const rates = parseRates(flags.rps);
    const tag = checkTag(flags.tag);
    const prompt = await readPrompt(flags['prompt-file']);
    const named = flags.target === 'chain' || flags.target === 'invoke';
    const targetUrl = resolveTarget(flags.target, named ? await readEndpoints(pathsOf(this.stack)) : {});
    const maxInFlight = flags['max-in-flight'];
    const options = {
      ...{ targetUrl, tag, rates, prompt, outFolder: flags.out, preflight: flags.preflight },
      seed: flags.seed ?? randomInt(0xffff_ffff),
      durationSeconds: flags.duration,
      warmupSeconds: flags.warmup,
      timeoutSeconds: flags.timeout,
      drainSeconds: flags.drain,
      about: aboutThisRun(this.config.version, ['load', ...this.argv]),
      ...(maxInFlight === undefined ? {} : { maxInFlight }),
    };
    const report = await runSweep(options, { clock: systemClock, fetch, emit, signal });
    return { result: report, text: sweepText(report, process.stdout.columns ?? 80), exit: exitOf(report, signal) };
  }
}

function exitOf(report: SweepReport, signal: AbortSignal): ExitCode {
  if (report.problem !== undefined) return ExitCode.configuration;
  if (report.status === 'complete') return ExitCode.ok;
  const exit: unknown = signal.reason?.exit;
  return exit === ExitCode.terminated ? ExitCode.terminated : ExitCode.interrupted;
}
