import { randomInt } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { caFileFlag, resultsFlag, tokenFileFlag } from '../config/flags.ts';
import { requestFlags } from '../config/request-flags.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { aboutThisRun, chainTokens, endpointsOf, loadClaims, wayOut } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { openOutputs } from '../services/load/outputs/outputs.ts';
import { DEFAULT_PROMPT } from '../services/load/prompt.ts';
import { findingsOf } from '../services/load/quick/findings.ts';
import { BILLED, FREE, mostRequests } from '../services/load/quick/quick-plan.ts';
import { keyFlagsOf, quickTarget } from '../services/load/quick/quick-target.ts';
import { quickText } from '../services/load/quick/quick-text.ts';
import { runQuick } from '../services/load/quick/run-quick.ts';
import { checkTag } from '../services/load/target.ts';
import { exitOfQuick } from '../services/results/exit-codes.ts';
import { reportRun } from '../services/results/write-report.ts';
import { entryOf } from '../services/workloads/catalog.ts';
import { confirmYes } from '../ui/confirm.ts';

export default class Quick extends BaseCommand<typeof Quick> {
  static override summary = 'say in about a minute what a server of models can do';
  static override description =
    `Measures one request alone, then twice as many at once until more bring no more, then searches the highest rate
that is sustained. Says what a user gets, what limits, what a minute did not tell, and what to try next.
Without a URL it looks on the usual ports of this machine (Ollama, vLLM, llama-server, LM Studio, LiteLLM, SGLang, ...).
A server that is not on this machine or in a private network may bill for requests: it asks first, and sends few.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> http://127.0.0.1:11434 --model llama3.2',
    '<%= config.bin %> <%= command.id %> http://127.0.0.1:8000/v1/chat/completions --json',
  ];
  static override args = { url: Args.string({ description: 'server, or what it answers at [default: looked for]' }) };
  static override flags = {
    ...requestFlags,
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
    const deployed = async () => (await endpointsOf(stack).catch(() => undefined))?.urls[entryOf().name];
    const target = await quickTarget(args.url, { ...way, deployed });
    const bounds = target.isFree ? FREE : BILLED;
    const what = `sending up to ${mostRequests(bounds)} requests to ${target.url}`;
    if (!target.isFree && !flags.yes)
      await confirmYes(what, [`${target.url} may bill for what it answers.`, what], context);
    emit({ type: 'note', level: 'info', text: `${what}, about a minute` });
    const { version } = this.config;
    const about = aboutThisRun(version, ['quick', ...argv]);
    const { api, model, results: outFolder } = flags;
    const asked = { ...(api === undefined ? {} : { api }), ...(model === undefined ? {} : { model }) };
    const prompt = { prompt: DEFAULT_PROMPT, seed: randomInt(0xffff_ffff) };
    const claims = await loadClaims(emit, signal);
    const outputs = await openOutputs(flags, { version, clock: systemClock, emit });
    const options = { ...asked, ...prompt, targetUrl: target.url, outFolder, tag, about, bounds };
    const runs = await runQuick(options, { ...way, emit, headers, claims, outputs, flags: Object.keys(Quick.flags) });
    const findings = findingsOf(runs, keyFlagsOf(flags));
    const reports: string[] = [];
    for (const run of [runs.doubling, runs.search]) {
      const page = run && (await reportRun(run.runFolder, emit)).page;
      if (page !== undefined) reports.push(page);
    }
    const { doubling, search, ...found } = runs;
    const result = { ...found, ...findings, points: [...doubling.points, ...(search?.points ?? [])], reports };
    return { result, text: quickText(runs, findings, reports), exit: exitOfQuick(runs, signal) };
  }
}
