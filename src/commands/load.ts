import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { elasticFlags, elasticLoad } from '../config/elastic-flags.ts';
import { grouped } from '../config/flags.ts';
import { loadFlags } from '../config/load-flags.ts';
import { loadHelp } from '../config/load-help.ts';
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
  static override summary = loadHelp.summary;
  static override description = loadHelp.description;
  static override examples = loadHelp.examples;
  static override flags = { ...loadFlags, ...elasticFlags, ...(grouped('GROUP', groupFlags) as object) };

  protected override readonly stopping =
    `what is in flight has ${GRACE_MS / 1000} s to end, and what was measured is kept`;

  protected async perform({ emit, signal, sweepControl: control }: CommandContext): Promise<CommandOutcome> {
    const { flags, argv, stack } = this;
    const profile = elasticLoad(flags, argv, namesOf(groupFlags));
    const open = async () => (await groupOf(stack, PROVIDERS, flags, signal)).source;
    const elastic = profile && { ...profile, open };
    const { version } = this.config;
    const about = aboutThisRun(version, ['load', ...argv]);
    const tell = (text: string) => emit({ type: 'note', level: 'info', text });
    const endpoints = () => endpointsOf(stack);
    const headers = await requestHeaders(flags, process.env);
    const request = await loadRequest(flags, { argv, stack, about, elastic, tell, endpoints });
    const report = await runLoad(request, {
      clock: systemClock,
      emit,
      signal,
      control,
      claims: await loadClaims(emit, signal),
      outputs: await openOutputs(flags, { version, clock: systemClock, emit }),
      tokenOf: await chainTokens(stack, flags['token-file']),
      headers,
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
