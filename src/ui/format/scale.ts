import { countStates } from '../../services/scaling/instance-state.ts';
import type { ScaleSample, WatchPlan } from '../../services/scaling/types.ts';
import type { GroupSample, InstanceSample } from '../../services/stack/group.ts';
import { formatEstimate, formatRate, formatSpan } from './text.ts';

/** `Watching llm-b-mig every 5 s for 15m 00s until size=3`. */
export function watchHeader({ group, url, intervalSeconds, forSeconds, until, runFolder }: WatchPlan): string[] {
  const bound = forSeconds === undefined ? '' : ` for at most ${formatSpan(forSeconds)}`;
  const goal = until === undefined ? '' : ` until ${until}`;
  return [
    `Watching ${group} every ${formatSpan(intervalSeconds)}${bound}${goal}`,
    ...(url === undefined
      ? ['hosts are not probed: no address, or the size follows requests']
      : [`hosts are probed at ${url}`]),
    ...(runFolder === undefined ? [] : [`recorded in ${runFolder}`]),
  ];
}

/** `2 of 3 wanted · 1 serving · changing`. */
export function sizeText(group: GroupSample): string {
  const { running, serving, leaving } = countStates(group);
  const { targetSize, stable } = group;
  return dotted(
    targetSize === undefined ? `${running} running` : `${running} of ${targetSize} wanted`,
    serving !== undefined && `${serving} serving`,
    leaving > 0 && `${leaving} leaving`,
    stable !== undefined && (stable ? 'stable' : 'changing'),
  );
}

/** `ACTIVE · recommends 3 · 1 to 3`, with what it has to say for itself. */
export function autoscalerText({ autoscaler }: GroupSample): string | undefined {
  if (autoscaler === undefined) return undefined;
  const { status, recommendedSize, min, max, details } = autoscaler;
  const bounds = min !== undefined && max !== undefined && `${min} to ${max}`;
  return dotted(status, recommendedSize !== undefined && `recommends ${recommendedSize}`, bounds, ...details);
}

function dotted(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join(' · ');
}

/** `offered 8/s · ok 6.9/s · in flight 14`. */
export function loadText({ load }: ScaleSample): string | undefined {
  if (load === undefined) return undefined;
  return `offered ${formatRate(load.offeredRps)}/s · ok ${formatRate(load.okRps)}/s · in flight ${load.inFlight}`;
}

/** Hosts that answered with their shares: `b-1 50 %, b-2 50 %`. */
export function hostsText({ hosts }: Pick<ScaleSample, 'hosts'>): string {
  const all = hosts.reduce((sum, { answers }) => sum + answers, 0);
  if (all === 0) return 'no host';
  return hosts.map(({ host, answers }) => `${host} ${((answers / all) * 100).toFixed(0)} %`).join(', ');
}

/** What the group's owner tells of its instances, in the order in which one reads it. */
export function detailNames(instances: readonly InstanceSample[]): readonly string[] {
  return [...new Set(instances.flatMap(({ detail = {} }) => Object.keys(detail)))];
}

/**
 * A row of words for each instance: how far it has come, what its owner says of it, its age at `now` in whole seconds; `-`
 * where something is not known.
 */
export function instanceTable(instances: readonly InstanceSample[], now: number) {
  const details = detailNames(instances);
  const rows = instances.map(({ stage, detail, createdAt }) => [
    ...[stage, ...details.map((name) => detail?.[name] ?? '-')],
    createdAt === undefined || now < createdAt ? '-' : formatEstimate((now - createdAt) / 1000),
  ]);
  const heads = ['stage', ...details, 'age'];
  return {
    heads,
    rows,
    widths: heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0))),
  };
}

/** `12:30:05`, UTC. */
export function clockText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(11, 19);
}

/** Whether the instance is what it should be, on its way, or not well. */
export function instanceColour(instance: InstanceSample, { healthKnown }: GroupSample): 'green' | 'yellow' | 'red' {
  if (instance.unwell) return 'red';
  return instance.stage === 'serving' || (instance.stage === 'running' && !healthKnown) ? 'green' : 'yellow';
}
