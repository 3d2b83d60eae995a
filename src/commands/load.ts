import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { elasticFlags, elasticLoad } from '../config/elastic-flags.ts';
import { grouped } from '../config/flags.ts';
import { loadFlags } from '../config/load-flags.ts';
import { loadRequest } from '../config/load-options.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { aboutThisRun, chainTokens, endpointsOf, groupOf, loadClaims, wayOut } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { openOutputs } from '../services/load/outputs/outputs.ts';
import { runLoad } from '../services/load/run-load.ts';
import { GRACE_MS } from '../services/load/sweep/offer-rate.ts';
import { exitOfSweep } from '../services/results/exit-codes.ts';
import { sweepText } from '../services/results/sweep-table.ts';
import { reportRun } from '../services/results/write-report.ts';
import { flagsOver, groupFlagsOf, namesOf } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';

const groupFlags = flagsOver(PROVIDERS, groupFlagsOf);

export default class Load extends BaseCommand<typeof Load> {
  static override summary = 'send requests at rates that do not depend on the answers, and record each answer';
  static override description =
    `Open loop: requests are sent at their intended times whatever the answers do, and response times count from there.
Files: RESULTS/TAG_PATH_rpsN.csv and RESULTS/TAG_summary.csv show the latest run of a tag, written while it runs.
Every run keeps its own files in RESULTS/RUN-ID/. Ctrl-C keeps what was measured and exits 130; --resume goes on.
Thresholds (--slo) are METRIC OP VALUE, for example 'p95<2s', 'ttft_p99.9<1s', 'ok>99%'. A request that fails has met
none that is about a time. Exit code 8: a point missed a threshold or could not decide it, a condition of --abort-on
was met, no request succeeded, or nothing valid was measured.
Metrics: any percentile p50 to p99.999, mean and max of the response time, and of ttft, ttft-sent, tpot and itl
(ttft_p95); ok error-rate good ok-rps served-rps good-rps tokens-per-second.
With --elastic the rates follow a profile that makes B's group grow and shrink: a low rate, steps up until the
group is at its maximum, a hold, and the low rate again until it is small. The group is watched and recorded, too.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --rps 1,10,50 --duration 10s',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --rps 1,10,...,1000 --tag first',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8000 --rps 1,5 --stream --max-tokens 128',
    '<%= config.bin %> <%= command.id %> --target invoke --rps 0.5,1,2 --duration 60s --drain 3m',
    "<%= config.bin %> <%= command.id %> --slo 'p95<2s' --slo 'ok>99%' --abort-on error-rate=50%",
    "<%= config.bin %> <%= command.id %> --stream --goodput 'ttft<500ms' --goodput 'tpot<50ms' --slo 'good>=95%'",
    '<%= config.bin %> <%= command.id %> --rps 20 --until-certain p99 --max-duration 20m',
    '<%= config.bin %> <%= command.id %> --rps 1,1000 --find-knee',
    '<%= config.bin %> <%= command.id %> --rps 1,10,50 --otlp http://127.0.0.1:4318',
    '<%= config.bin %> <%= command.id %> --rps 5 --arrivals poisson --input-tokens lognormal:200,0.8 --max-tokens 64-256',
    '<%= config.bin %> <%= command.id %> --rps 5 --mix chat=3,input-tokens=64-256 --mix long=1,input-tokens=4000',
    '<%= config.bin %> <%= command.id %> --elastic --elastic-max-rps 20 --tag scaling',
    '<%= config.bin %> <%= command.id %> --resume 20260131-095900-first-chain',
  ];
  static override flags = { ...loadFlags, ...elasticFlags, ...(grouped('GROUP', groupFlags) as object) };

  protected override readonly stopping =
    `what is in flight has ${GRACE_MS / 1000} s to end, and what was measured is kept`;

  protected async perform({ emit, signal, sweepControl: control }: CommandContext): Promise<CommandOutcome> {
    const { flags, argv, stack } = this;
    const profile = elasticLoad(flags, argv, namesOf(groupFlags));
    const elastic = profile && {
      ...profile,
      open: async () => (await groupOf(stack, PROVIDERS, flags, signal)).source,
    };
    const { version } = this.config;
    const about = aboutThisRun(version, ['load', ...argv]);
    const tell = (text: string) => emit({ type: 'note', level: 'info', text });
    const request = await loadRequest(flags, {
      argv,
      stack,
      about,
      elastic,
      tell,
      endpoints: () => endpointsOf(stack),
    });
    const report = await runLoad(request, {
      clock: systemClock,
      emit,
      signal,
      control,
      claims: await loadClaims(emit, signal),
      outputs: await openOutputs(flags, { version, clock: systemClock, emit }),
      tokenOf: await chainTokens(stack, flags['token-file']),
      headers: await requestHeaders(flags, process.env),
      ...(await wayOut(flags['ca-file'])),
    });
    const { run, page } = await reportRun(report.runFolder, emit);
    const scaling = run?.scaling?.figures;
    return {
      result: { ...report, scaling, report: page },
      text: sweepText(report, process.stdout.columns || 80, { scaling, page, stack }),
      exit: exitOfSweep(report, signal),
    };
  }
}
