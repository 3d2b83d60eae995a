import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { durationFlag } from '../config/flags.ts';
import { capacityFlag, groupFlags } from '../config/group-flags.ts';
import { groupOf } from '../group-surroundings.ts';
import { pathsOf } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { checkTag } from '../services/load/target.ts';
import { scalingText } from '../services/results/scaling-sections.ts';
import { reportLine } from '../services/results/text.ts';
import { writeWatchFigures } from '../services/results/write-watch.ts';
import { exitOfWatch } from '../services/scaling/exit-of-watch.ts';
import { hostProbe } from '../services/scaling/host-probe.ts';
import { findLiveRun, followLoad } from '../services/scaling/load-beside.ts';
import { recordedWatch, WatchLost } from '../services/scaling/recorded-watch.ts';
import { checkUntil, parseUntil } from '../services/scaling/until.ts';
import { type WatchOptions, watchGroup } from '../services/scaling/watch.ts';
import { readEndpoints } from '../services/stack/endpoints.ts';
import { renderWatch } from '../ui/render-scale.ts';

export default class ScaleWatch extends BaseCommand<typeof ScaleWatch> {
  static override summary = 'watch the group of B scale: sizes, instances, autoscaler, who answers, the load beside it';
  static override description =
    `Without --group the group of the stack is watched: replicas of this machine, or a managed instance group.
A look that fails is told and recorded, and the watch goes on; missing credentials end it.
Conditions (--until) are stable, size, healthy and hosts with =, >= or <=, several of them with commas between, all of
which must hold at the same look. Exits 0 when they did, 5 when --for ended first. Ctrl-C keeps what was recorded.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --until size=3,stable --for 15m',
    '<%= config.bin %> <%= command.id %> --record --tag gcp',
    '<%= config.bin %> <%= command.id %> --project P --zone europe-west3-c --group llm-b-mig --backend-service llm-b --url http://203.0.113.7',
  ];
  static override flags = {
    interval: durationFlag({ description: 'between two looks', default: 5, min: 0.5, max: 3600, helpValue: '5s' }),
    for: durationFlag({ description: 'longest watch [default: until Ctrl-C]', min: 0.1, helpValue: '15m' }),
    until: Flags.string({ description: 'condition that ends the watch', helpValue: 'size=3' }),
    record: Flags.boolean({ description: 'write a timeline into the folder of a run below --out' }),
    tag: Flags.string({
      description: 'first word of the timeline file [default: what the group is deployed on: local or gcp]',
      env: 'RUN_TAG',
    }),
    out: Flags.string({
      description: 'folder of the results; a load that runs there is shown',
      default: 'results',
      env: 'CHAINCTL_LOAD_OUT',
    }),
    'capacity-per-instance': capacityFlag,
    ...groupFlags,
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const { on } = await readEndpoints(pathsOf(this.stack));
    const tag = checkTag(flags.tag ?? (flags.group === undefined ? (on.b ?? 'local') : 'gcp'));
    const options: WatchOptions = {
      intervalSeconds: flags.interval,
      ...(flags.for === undefined ? {} : { forSeconds: flags.for }),
      ...(flags.until === undefined ? {} : { until: parseUntil(flags.until) }),
    };
    const source = await groupOf(this.stack, flags);
    try {
      if (options.until !== undefined) checkUntil(options.until, source);
      const deps = {
        source,
        ...(source.url === undefined ? {} : { probe: hostProbe(source.url) }),
        load: followLoad(() => findLiveRun(flags.out, systemClock.now()), systemClock),
        clock: systemClock,
        emit,
        signal,
      };
      if (!flags.record) {
        const report = await watchGroup(options, deps);
        return { result: report, text: renderWatch(report), exit: exitOfWatch(report, signal) };
      }
      const capacityPerInstance = flags['capacity-per-instance'];
      const known = capacityPerInstance === undefined ? {} : { capacityPerInstance };
      const report = await recordedWatch({ outFolder: flags.out, tag, ...known }, options, deps).catch(
        async (error: unknown) => {
          // Whatever is wrong with the figures, it is the loss that has to be told.
          if (error instanceof WatchLost)
            await writeWatchFigures({ runFolder: error.runFolder, tag }, emit).catch(() => undefined);
          throw error;
        },
      );
      const { figures: scaling, report: written } = await writeWatchFigures({ runFolder: report.runFolder, tag }, emit);
      const figures = scaling === undefined ? '' : `\n\n${scalingText(scaling, process.stdout.columns || 80)}`;
      return {
        result: { ...report, ...(scaling === undefined ? {} : { scaling }) },
        text: `${reportLine(written)}${renderWatch(report)}${figures}`,
        exit: exitOfWatch(report, signal),
      };
    } finally {
      await source.close?.();
    }
  }
}
