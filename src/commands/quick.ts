import { randomInt } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { caFileFlag, resultsFlag, tokenFileFlag } from '../config/flags.ts';
import { quickHelp } from '../config/quick-help.ts';
import { bodyFlags, requestFlags } from '../config/request-flags.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { aboutThisRun, chainTokens, deployedEntry, loadClaims, wayOut } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { defined } from '../services/defined.ts';
import { openOutputs } from '../services/load/outputs/outputs.ts';
import { DEFAULT_PROMPT } from '../services/load/prompt.ts';
import { findingsOf } from '../services/load/quick/findings.ts';
import { BILLED, billedText, FREE } from '../services/load/quick/quick-plan.ts';
import { quickResult } from '../services/load/quick/quick-result.ts';
import { quickTarget, sameFlagsOf } from '../services/load/quick/quick-target.ts';
import { quickText } from '../services/load/quick/quick-text.ts';
import { runQuick } from '../services/load/quick/run-quick.ts';
import { checkTag } from '../services/load/target.ts';
import { exitOfQuick } from '../services/results/exit-codes.ts';
import { reportRun } from '../services/results/write-report.ts';
import { confirmYes } from '../ui/confirm.ts';

export default class Quick extends BaseCommand<typeof Quick> {
  static override summary = quickHelp.summary;
  static override description = quickHelp.description;
  static override examples = quickHelp.examples;
  static override args = { url: Args.string({ description: 'server, or what it answers at [default: looked for]' }) };
  static override flags = {
    ...requestFlags,
    'max-tokens-field': bodyFlags['max-tokens-field'],
    'token-file': tokenFileFlag,
    'ca-file': caFileFlag,
    yes: Flags.boolean({ char: 'y', description: 'do not ask before requests that somebody may bill for' }),
    tag: Flags.string({ description: 'first word of the result files', default: 'quick' }),
    results: resultsFlag('folder of the result files'),
  };

  protected override readonly stopping = 'what was measured is kept';

  protected async perform(context: CommandContext): Promise<CommandOutcome> {
    const { emit, signal } = context;
    const { flags, argv, stack, args } = this;
    const tag = checkTag(flags.tag);
    const headers = await requestHeaders(flags, process.env);
    const tokenOf = await chainTokens(stack, flags['token-file']);
    const way = { clock: systemClock, signal, tokenOf, ...(await wayOut(flags['ca-file'])) };
    const deployed = () => deployedEntry(stack);
    const { url, title, isFree } = await quickTarget(args.url, { ...way, deployed });
    const named = title === undefined ? url : `${title} at ${url}`;
    const other = args.url === undefined ? '; name the URL of another server to look at that' : '';
    emit({ type: 'note', level: 'info', text: `looking at ${named}, for about a minute${other}` });
    const approve: Parameters<typeof runQuick>[1]['approve'] = async (found, maxTokens) => {
      const what = billedText(BILLED, { ...found, maxTokens, prompt: DEFAULT_PROMPT });
      if (isFree) return;
      if (flags.yes) emit({ type: 'note', level: 'info', text: what });
      else await confirmYes(what, [`${url} may bill for what it answers.`, what], context);
    };
    const { version } = this.config;
    const about = aboutThisRun(version, ['quick', ...argv]);
    const { api, model, 'max-tokens-field': maxTokensField, results: outFolder } = flags;
    const prompt = { prompt: DEFAULT_PROMPT, seed: randomInt(0xffff_ffff) };
    const claims = await loadClaims(emit, signal);
    const outputs = await openOutputs(flags, { version, clock: systemClock, emit });
    const settings = { ...prompt, targetUrl: url, outFolder, tag, about, bounds: isFree ? FREE : BILLED };
    const options = { ...settings, ...defined({ api, model, maxTokensField }) };
    const names = Object.keys({ ...Quick.baseFlags, ...Quick.flags });
    const runs = await runQuick(options, { ...way, emit, headers, claims, outputs, flags: names, approve });
    const findings = findingsOf(runs, sameFlagsOf(flags));
    const reports: string[] = [];
    for (const run of [runs.doubling, runs.search]) {
      const page = run && (await reportRun(run.runFolder, emit)).page;
      if (page !== undefined) reports.push(page);
    }
    const text = quickText({ runs, findings, reports, title }, Math.min(80, process.stdout.columns || 80));
    return { result: quickResult(runs, findings, reports), text, exit: exitOfQuick(runs, signal) };
  }
}
