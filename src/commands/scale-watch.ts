import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { caFileFlag, capacityFlag, durationFlag, resultsFlag } from '../config/flags.ts';
import { groupOf, wayOut } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { checkTag } from '../services/load/target.ts';
import { exitOfWatch } from '../services/results/exit-codes.ts';
import { scalingText } from '../services/results/scaling-sections.ts';
import { reportLine } from '../services/results/text.ts';
import { watchWithFigures } from '../services/results/write-report.ts';
import { hostProbe } from '../services/scaling/host-probe.ts';
import { findLiveRun, followLoad } from '../services/scaling/load-beside.ts';
import { checkUntil, parseUntil } from '../services/scaling/until.ts';
import { watchGroup } from '../services/scaling/watch.ts';
import { flagsOver, groupFlagsOf } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { renderWatch } from '../ui/render-scale.ts';

export default class ScaleWatch extends BaseCommand<typeof ScaleWatch> {
  static override summary = 'watch a group of instances scale: size, instances, autoscaler, hosts that answer, load';
  static override description = `Without --group the group of the stack is watched.
A failed poll is reported and recorded, and watching continues. Missing credentials end it.
Conditions (--until) are stable, size, healthy and hosts with =, >= or <=. Several, separated by commas, must all hold
in the same poll. Exits 0 when they did, 5 when --for ended first. Ctrl-C keeps what was recorded.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --until size=3,stable --for 15m',
    '<%= config.bin %> <%= command.id %> --record --tag demo',
    '<%= config.bin %> <%= command.id %> --project P --zones europe-west3-c --group llm-b-mig --backend-service llm-b --url http://203.0.113.7',
  ];
  static override flags = {
    interval: durationFlag({ description: 'time between two polls', default: 5, min: 0.5, max: 3600, helpValue: '5s' }),
    for: durationFlag({ description: 'longest watch [default: until Ctrl-C]', min: 0.1, helpValue: '15m' }),
    until: Flags.string({ description: 'condition that ends the watch', helpValue: 'size=3' }),
    record: Flags.boolean({ description: 'write a timeline into a run folder below --results' }),
    tag: Flags.string({
      description: 'first word of the name of the timeline file [default: the place of the group]',
      env: 'RUN_TAG',
    }),
    results: resultsFlag('folder of the results; a load that runs there is shown', ['out']),
    ...{ 'capacity-per-instance': capacityFlag, 'ca-file': caFileFlag },
    ...(flagsOver(PROVIDERS, groupFlagsOf) as object),
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const until = flags.until === undefined ? undefined : parseUntil(flags.until);
    const { place, source } = await groupOf(this.stack, PROVIDERS, flags, signal);
    try {
      const tag = checkTag(flags.tag ?? place);
      if (until !== undefined) checkUntil(until, source);
      const options = {
        intervalSeconds: flags.interval,
        ...(flags.for === undefined ? {} : { forSeconds: flags.for }),
        ...(until === undefined ? {} : { until }),
      };
      const probe = source.url === undefined ? {} : { probe: hostProbe(source.url, await wayOut(flags['ca-file'])) };
      const load = followLoad(() => findLiveRun(flags.results, systemClock.now()), systemClock);
      const deps = { source, ...probe, load, clock: systemClock, emit, signal };
      const capacityPerInstance = flags['capacity-per-instance'];
      const known = capacityPerInstance === undefined ? {} : { capacityPerInstance };
      const record = { outFolder: flags.results, tag, ...known };
      const recorded = flags.record ? await watchWithFigures(record, options, deps) : undefined;
      const report = recorded?.report ?? (await watchGroup(options, deps));
      const scaling = recorded?.written.figures;
      const file = recorded?.written.report;
      const text = `${reportLine(file)}${renderWatch(report)}`;
      return {
        result: { ...report, scaling, report: file },
        text: scaling === undefined ? text : `${text}\n\n${scalingText(scaling, process.stdout.columns || 80)}`,
        exit: exitOfWatch(report, signal),
      };
    } finally {
      await source.close?.();
    }
  }
}
