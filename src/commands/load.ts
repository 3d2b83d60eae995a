import { randomInt } from 'node:crypto';
import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag, integerFlag } from '../config/flags.ts';
import { tokenFileFlag } from '../config/token-flag.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { systemClock } from '../runtime.ts';
import { readPrompt } from '../services/load/prompt.ts';
import { readRun } from '../services/load/record/read-run.ts';
import { DEFAULT_RATES, parseRates } from '../services/load/schedule/rates.ts';
import { parseAbort, parseSlo } from '../services/load/stats/criterion.ts';
import { runSweep } from '../services/load/sweep/run-sweep.ts';
import { resumedOptions, type SweepOptions } from '../services/load/sweep/sweep-options.ts';
import { checkTag, resolveTarget } from '../services/load/target.ts';
import type { SweepReport } from '../services/load/types.ts';
import { readEndpoints } from '../services/local/endpoints.ts';
import { findRun } from '../services/results/find-run.ts';
import { sweepText } from '../services/results/sweep-table.ts';
import { writeRunReport } from '../services/results/write-report.ts';
import { aboutThisRun, chainTokens, pathsOf } from '../surroundings.ts';

export default class Load extends BaseCommand<typeof Load> {
  static override summary = 'offer the chain a ladder of request rates (open loop), record each answer';
  static override description =
    `Requests are sent at their intended times whatever the answers do, and times count from there.
Files: OUT/TAG_PATH_rpsN.csv and OUT/TAG_summary.csv show the latest run of a tag, written while it runs.
Every run keeps its own files in OUT/RUN-ID/. Ctrl-C keeps what was measured and exits 130; --resume goes on.
Thresholds (--slo) are METRIC OP VALUE, for example 'p95<2s', 'ok>99%', 'served-rps>=50'; one that a point does not
meet, and a condition of --abort-on that does come true, exit 8. Metrics: p50 p90 p95 p99 mean max ttft_p95 ok
error-rate ok-rps served-rps.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --rps 1,10,50 --duration 10s',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --rps 1,10,...,1000 --tag aws',
    '<%= config.bin %> <%= command.id %> --target invoke --rps 0.5,1,2 --duration 60s --drain 3m',
    "<%= config.bin %> <%= command.id %> --slo 'p95<2s' --slo 'ok>99%' --abort-on error-rate=50%",
    '<%= config.bin %> <%= command.id %> --rps 1,1000 --find-knee',
    '<%= config.bin %> <%= command.id %> --resume 20260131-095900-aws-chain',
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
    'token-file': tokenFileFlag,
    seed: integerFlag({ description: 'makes the prompts repeatable [default: random]', min: 0, max: 0xffff_ffff }),
    preflight: Flags.boolean({
      description: 'ask the target for its health and measure single requests first, and again between points',
      default: true,
      allowNo: true,
    }),
    gate: durationFlag({ description: 'longest wait between points for the target to be calm again', default: 30 }),
    arrivals: Flags.option({ options: ['constant', 'poisson'] as const, default: 'constant' as const })({
      description: 'even, or as independent users come',
    }),
    stream: Flags.boolean({ description: 'ask for streamed answers and measure their tokens' }),
    'requests-per-connection': integerFlag({
      description: 'then a new connection: a load balancer only spreads those [default: no bound]',
      min: 1,
    }),
    'connection-age': durationFlag({ description: 'after which a connection is not used again [default: no bound]' }),
    slo: Flags.string({ description: 'threshold that every point has to meet', multiple: true, helpValue: 'p95<2s' }),
    'abort-on': Flags.string({
      description: 'ends point and sweep as soon as it holds',
      multiple: true,
      helpValue: 'error-rate=50%',
    }),
    'stop-above-knee': Flags.boolean({ description: 'leave out the points above the first not sustained' }),
    'find-knee': Flags.boolean({ description: 'search between the lowest and the highest rate of --rps' }),
    resume: Flags.string({
      description: "measure what is missing in a run, with the run's own settings",
      helpValue: 'RUN',
    }),
  };

  protected async perform({ emit, signal, sweepControl: control }: CommandContext): Promise<CommandOutcome> {
    const { resume } = this.flags;
    const options = resume === undefined ? await this.newRun() : await this.oldRun(resume);
    const token = (await chainTokens(this.stack, this.flags['token-file']))(options.targetUrl);
    const sent = token === undefined ? {} : { token };
    const report = await runSweep(options, { clock: systemClock, fetch, emit, signal, control, ...sent });
    await writeRunReport(report.runFolder, emit);
    return { result: report, text: sweepText(report, process.stdout.columns ?? 80), exit: exitOf(report, signal) };
  }

  private async newRun(): Promise<SweepOptions> {
    const { flags } = this;
    const named = flags.target === 'chain' || flags.target === 'invoke';
    const maxInFlight = flags['max-in-flight'];
    const requestsPerConnection = flags['requests-per-connection'];
    const connectionAge = flags['connection-age'];
    return {
      ...{ rates: parseRates(flags.rps), tag: checkTag(flags.tag), outFolder: flags.out },
      slos: flags.slo?.map(parseSlo) ?? [],
      abortOn: flags['abort-on']?.map(parseAbort) ?? [],
      prompt: await readPrompt(flags['prompt-file']),
      targetUrl: resolveTarget(flags.target, named ? await readEndpoints(pathsOf(this.stack)) : {}),
      seed: flags.seed ?? randomInt(0xffff_ffff),
      durationSeconds: flags.duration,
      warmupSeconds: flags.warmup,
      timeoutSeconds: flags.timeout,
      drainSeconds: flags.drain,
      ...{ preflight: flags.preflight, probe: flags.preflight, gateSeconds: flags.gate, arrivals: flags.arrivals },
      ...{ stopAboveKnee: flags['stop-above-knee'], findKnee: flags['find-knee'] },
      about: this.about(),
      stream: flags.stream,
      ...(requestsPerConnection === undefined ? {} : { requestsPerConnection }),
      ...(connectionAge === undefined ? {} : { connectionAgeMs: connectionAge * 1000 }),
      ...(maxInFlight === undefined ? {} : { maxInFlight }),
    };
  }

  private async oldRun(name: string): Promise<SweepOptions> {
    const { flags } = this;
    const other = Object.keys(Load.flags).find((flag) => !OF_RESUME.includes(flag) && isTyped(this.argv, flag));
    if (other !== undefined) {
      throw new RemedyError(`--resume goes on with the settings of its run, and --${other} would change them`, {
        code: 'usage',
        exit: ExitCode.usage,
        nextSteps: [`leave --${other} out, or begin a new run without --resume`],
      });
    }
    return resumedOptions(await readRun(await findRun(name, flags.out)), {
      prompt: await readPrompt(flags['prompt-file']),
      about: this.about(),
    });
  }

  private about() {
    return aboutThisRun(this.config.version, ['load', ...this.argv]);
  }
}

/** What may stand beside `--resume`. */
const OF_RESUME = ['resume', 'out', 'prompt-file', 'token-file'];

function isTyped(argv: readonly string[], flag: string): boolean {
  return argv.some((word) => word === `--${flag}` || word === `--no-${flag}` || word.startsWith(`--${flag}=`));
}

function exitOf(report: SweepReport, signal: AbortSignal): ExitCode {
  if (report.problem !== undefined) return ExitCode.configuration;
  // A target of which not one answer was right has failed, whatever was asked of it.
  const nothing = report.points.every(({ outcomes }) => outcomes.ok === 0);
  const failed = nothing || (report.slos?.some(({ passed }) => !passed) ?? false);
  if (report.abortedBy !== undefined) return ExitCode.checkFailed;
  if (report.status === 'complete') return failed ? ExitCode.checkFailed : ExitCode.ok;
  const exit: unknown = signal.reason?.exit;
  return exit === ExitCode.terminated ? ExitCode.terminated : ExitCode.interrupted;
}
