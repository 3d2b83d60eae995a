import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { elasticFlags, elasticSettings } from '../config/elastic-flags.ts';
import { loadFlags } from '../config/load-flags.ts';
import { checkResume, elasticSweepSettings, isTyped, sweepSettings } from '../config/load-options.ts';
import { aboutThisRun, chainTokens, groupOf, loadClaims, pathsOf } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { createChainClient } from '../services/chain/client.ts';
import { openOutputs } from '../services/load/outputs/outputs.ts';
import { readPrompt } from '../services/load/prompt.ts';
import { readRun } from '../services/load/record/read-run.ts';
import { claimRun } from '../services/load/record/run-claim.ts';
import { type ClaimDeps, claimTag } from '../services/load/record/tag-claim.ts';
import { GRACE_MS } from '../services/load/sweep/offer-rate.ts';
import { runSweep, type SweepDeps } from '../services/load/sweep/run-sweep.ts';
import { resumedOptions, type SweepOptions } from '../services/load/sweep/sweep-options.ts';
import { resolveTarget } from '../services/load/target.ts';
import { exitOfSweep } from '../services/results/exit-of-sweep.ts';
import { findRun } from '../services/results/find-run.ts';
import { sweepText } from '../services/results/sweep-table.ts';
import { reportRun } from '../services/results/write-report.ts';
import type { ElasticSettings } from '../services/scaling/elastic-profile.ts';
import { hostProbe } from '../services/scaling/host-probe.ts';
import { runElastic } from '../services/scaling/run-elastic.ts';
import { readEndpoints } from '../services/stack/endpoints.ts';
import { requireStack } from '../services/stack/known-stack.ts';
import { flagsOver, groupFlagsOf, namesOf } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { SERVICES } from '../services/workloads/catalog.ts';

const groupFlags = flagsOver(PROVIDERS, groupFlagsOf);

export default class Load extends BaseCommand<typeof Load> {
  static override summary = 'offer the chain a ladder of request rates (open loop), record each answer';
  static override description =
    `Requests are sent at their intended times whatever the answers do, and times count from there.
Files: OUT/TAG_PATH_rpsN.csv and OUT/TAG_summary.csv show the latest run of a tag, written while it runs.
Every run keeps its own files in OUT/RUN-ID/. Ctrl-C keeps what was measured and exits 130; --resume goes on.
Thresholds (--slo) are METRIC OP VALUE, for example 'p95<2s', 'ok>99%', 'served-rps>=50'; one that a point does not
meet, and a condition of --abort-on that does come true, exit 8. Metrics: p50 p90 p95 p99 mean max ttft_p95 ok
error-rate ok-rps served-rps.
With --elastic the rates are a profile that makes the group of B grow and shrink: a low rate, steps up until the group
is at its maximum, a hold, the low rate again until it is small. The group is watched and recorded beside it.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --rps 1,10,50 --duration 10s',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --rps 1,10,...,1000 --tag aws',
    '<%= config.bin %> <%= command.id %> --target invoke --rps 0.5,1,2 --duration 60s --drain 3m',
    "<%= config.bin %> <%= command.id %> --slo 'p95<2s' --slo 'ok>99%' --abort-on error-rate=50%",
    '<%= config.bin %> <%= command.id %> --rps 1,1000 --find-knee',
    '<%= config.bin %> <%= command.id %> --rps 1,10,50 --otlp http://127.0.0.1:4318',
    '<%= config.bin %> <%= command.id %> --elastic --elastic-max-rps 20 --tag gcp',
    '<%= config.bin %> <%= command.id %> --resume 20260131-095900-aws-chain',
  ];
  static override flags = { ...loadFlags, ...elasticFlags, ...(groupFlags as object) };

  protected override readonly stopping =
    `what is in flight has ${GRACE_MS / 1000} s to end, and what was measured is kept`;

  protected async perform(context: CommandContext): Promise<CommandOutcome> {
    const claims = await loadClaims(context.emit, context.signal);
    const held: (() => Promise<void>)[] = [];
    const hold = async (folder: string) => void held.push(await claimRun(folder, claims));
    try {
      return await this.offer(context, claims, hold);
    } finally {
      await Promise.all(held.map((release) => release()));
    }
  }

  /** @param hold takes a run's folder for this process */
  private async offer(
    { emit, signal, sweepControl: control }: CommandContext,
    claims: ClaimDeps,
    hold: (folder: string) => Promise<void>,
  ): Promise<CommandOutcome> {
    const { resume } = this.flags;
    const elastic = elasticSettings(this.flags, (flag) => isTyped(this.argv, flag), namesOf(groupFlags));
    const options = resume === undefined ? await this.newRun(elastic !== undefined) : await this.oldRun(resume, hold);
    if (resume !== undefined) emit({ type: 'note', level: 'info', text: goesOn(options) });
    const outputs = await openOutputs(this.flags, { version: this.config.version, clock: systemClock, emit });
    const tokenOf = await chainTokens(this.stack, this.flags['token-file']);
    const token = tokenOf(options.targetUrl);
    const client = createChainClient({ clock: systemClock, timeoutMs: options.timeoutSeconds * 1000, signal, tokenOf });
    const claim = await claimTag({ ...options, outFolder: resolve(options.outFolder) }, claims);
    try {
      const sent = token === undefined ? {} : { token };
      // Going on, it is held already.
      const onFolder = resume === undefined ? { onFolder: hold } : {};
      const deps = { clock: systemClock, client, emit, signal, control, outputs, ...sent, ...onFolder };
      const report = await (elastic === undefined ? runSweep(options, deps) : this.scale(options, elastic, deps));
      const { run, page } = await reportRun(report.runFolder, emit);
      const scaling = run?.scaling?.figures;
      return {
        result: scaling === undefined ? report : { ...report, scaling },
        text: sweepText(report, process.stdout.columns || 80, { scaling, page }),
        exit: exitOfSweep(report, signal),
      };
    } finally {
      await Promise.all([client.close(), claim()]);
    }
  }

  private async scale(options: SweepOptions, settings: ElasticSettings, deps: SweepDeps) {
    const { source } = await groupOf(this.stack, PROVIDERS, this.flags, deps.signal);
    try {
      const probe = source.url === undefined ? {} : { probe: hostProbe(source.url) };
      const capacityPerInstance = this.flags['capacity-per-instance'];
      const watch = {
        intervalSeconds: this.flags['elastic-interval'],
        ...(capacityPerInstance === undefined ? {} : { capacityPerInstance }),
      };
      return await runElastic(options, settings, watch, { ...deps, source, ...probe });
    } finally {
      await source.close?.();
    }
  }

  private async newRun(elastic: boolean): Promise<SweepOptions> {
    const { flags } = this;
    const service = SERVICES.find(({ contract }) => contract === flags.target)?.name;
    const paths = pathsOf(this.stack);
    await requireStack(paths);
    const endpoints = service === undefined ? undefined : await readEndpoints(paths);
    const tagged = { ...flags, tag: flags.tag ?? (service && endpoints?.on[service]) };
    return {
      ...(elastic ? elasticSweepSettings(tagged, flags['elastic-step']) : sweepSettings(tagged)),
      prompt: await readPrompt(flags['prompt-file']),
      targetUrl: resolveTarget(flags.target, endpoints?.urls ?? {}, this.stack),
      seed: flags.seed ?? randomInt(0xffff_ffff),
      about: this.about(),
    };
  }

  private async oldRun(name: string, hold: (folder: string) => Promise<void>): Promise<SweepOptions> {
    const { flags } = this;
    checkResume(this.argv);
    const folder = await findRun(name, flags.out, { flag: '--out' });
    // Before it is read: what is still being written is not over.
    await hold(folder);
    return resumedOptions(await readRun(folder), {
      prompt: await readPrompt(flags['prompt-file']),
      about: this.about(),
    });
  }

  private about() {
    return aboutThisRun(this.config.version, ['load', ...this.argv]);
  }
}

/** The settings of a run are its own: no stack and no configuration changes where it goes. */
function goesOn({ resume, targetUrl }: SweepOptions): string {
  return `${resume?.runId} goes on with its own settings, against ${targetUrl}`;
}
