import type { EventOf } from '../../events.ts';
import { display } from '../../services/results/text.ts';
import type { ScaleSample } from '../../services/scaling/types.ts';
import type { GroupError, InstanceSample } from '../../services/stack/group.ts';
import type { Entry } from './entry.ts';
import { autoscalerText, clockText, detailNames, hostsText, sizeText } from './scale.ts';
import { formatRate } from './text.ts';

type Poll = EventOf<'scale-sample'>;

/** What has been told of a group so far. */
export interface ScaleMemory {
  /** The last poll that saw the group. */
  readonly seen?: ScaleSample | undefined;
  readonly last?: ScaleSample;
  /** Errors that were told: a group repeats its own for minutes. */
  readonly errors: readonly string[];
}

export const noScaleMemory: ScaleMemory = { errors: [] };

export function rememberPoll(memory: ScaleMemory, { sample, seen }: Poll): ScaleMemory {
  const errors = [...new Set([...memory.errors, ...sample.group.errors.map(keyOf)])];
  return { seen: seen ? sample : memory.seen, last: sample, errors };
}

/** What is different from what was told before, one entry each; of the first poll, what there is. */
export function scaleChanges({ last, seen: before, errors }: ScaleMemory, { sample, seen }: Poll): Entry[] {
  const { problem, group } = sample;
  const entry = (mark: Entry['mark'], text: string): Entry => {
    return { mark, text: `${clockText(group.at)} ${display(text)}`, details: [] };
  };
  const isNew = problem !== undefined && problem !== last?.problem;
  const isOver = problem === undefined && last?.problem !== undefined;
  return [
    ...(seen ? groupChanges(before, sample) : []).map((text) => entry('info', text)),
    ...group.errors.filter((error) => !errors.includes(keyOf(error))).map((error) => entry('failed', errorText(error))),
    ...[...hostChanges(last, sample), ...loadChanges(last, sample)].map((text) => entry('info', text)),
    ...(isNew ? [entry('warning', problem)] : []),
    ...(isOver ? [entry('info', 'seen again, without a problem')] : []),
  ];
}

function groupChanges(before: ScaleSample | undefined, { group }: ScaleSample): string[] {
  const was = before?.group;
  const known = new Map(was?.instances.map((each) => [each.name, each]));
  const there = new Set(group.instances.map(({ name }) => name));
  const autoscaler = autoscalerText(group);
  const size = sizeText(group);
  const isResized = was?.targetSize !== undefined && was.targetSize !== group.targetSize;
  return [
    ...(isResized ? [`wanted size ${was.targetSize} -> ${group.targetSize ?? 'unknown'}`] : []),
    ...(autoscaler !== undefined && autoscaler !== (was && autoscalerText(was)) ? [`autoscaler: ${autoscaler}`] : []),
    ...group.instances.flatMap((each) => instanceChange(known.get(each.name), each)),
    ...[...known.keys()].filter((name) => !there.has(name)).map((name) => `${name}: gone`),
    ...(size !== (was && sizeText(was)) ? [`size: ${size}`] : []),
  ];
}

function instanceChange(before: InstanceSample | undefined, now: InstanceSample): string[] {
  const [was, is] = [before?.detail ?? {}, now.detail ?? {}];
  const words = detailNames(before === undefined ? [now] : [before, now])
    .filter((name) => was[name] !== is[name])
    .map((name) => `${name} ${before === undefined ? '' : `${was[name] ?? '-'} -> `}${is[name] ?? '-'}`);
  const all = [...(before?.stage === now.stage ? [] : [now.stage]), ...words];
  return all.length === 0 ? [] : [`${now.name}: ${all.join(', ')}`];
}

/** Shares move with every poll; which hosts answer at all does not. */
function hostChanges(before: ScaleSample | undefined, now: ScaleSample): string[] {
  const names = (sample: ScaleSample | undefined) => sample?.hosts.map(({ host }) => host).join(' ') ?? '';
  return names(before) === names(now) ? [] : [`answering: ${hostsText(now)}`];
}

function loadChanges(before: ScaleSample | undefined, { load }: ScaleSample): string[] {
  if (load?.offeredRps === before?.load?.offeredRps) return [];
  if (load === undefined) return ['load: none'];
  return [`load: ${formatRate(load.offeredRps)}/s offered, ${formatRate(load.okRps)}/s right answers`];
}

/** `QUOTA_EXCEEDED (llm-b-x1c2): Quota 'CPUS' exceeded.` */
export function errorText({ code, message, instance }: GroupError): string {
  return `${code}${instance === undefined ? '' : ` (${instance})`}: ${message}`;
}

function keyOf({ at, code, message, instance }: GroupError): string {
  return JSON.stringify([at, code, message, instance]);
}
