import type { Event } from '../../events.ts';
import { display } from '../../services/results/text.ts';
import type { ScaleSample } from '../../services/scaling/types.ts';
import type { GroupError, InstanceSample } from '../../services/stack/group.ts';
import type { Entry } from './entry.ts';
import { autoscalerText, clockText, detailNames, hostsText, sizeText } from './scale.ts';
import { formatRate } from './text.ts';

type Poll = Event & { readonly type: 'scale-sample' };

/** What has been told of a group so far. */
export interface ScaleMemory {
  /** The last poll that saw the group. */
  readonly seen?: ScaleSample;
  readonly last?: ScaleSample;
  /** Errors that were told: a group repeats its own for minutes. */
  readonly errors: readonly string[];
  /** The rate of the load, as it was told last. */
  readonly offered?: number;
}

export const noScaleMemory: ScaleMemory = { errors: [] };

export function rememberPoll(memory: ScaleMemory, { sample, seen }: Poll): ScaleMemory {
  const { offered: _, ...kept } = memory;
  return {
    ...kept,
    ...(seen ? { seen: sample } : {}),
    last: sample,
    errors: [...new Set([...memory.errors, ...sample.group.errors.map(keyOf)])],
    ...(sample.load === undefined ? {} : { offered: sample.load.offeredRps }),
  };
}

/** What is different from what was told before, one entry each; of the first poll, what there is. */
export function scaleChanges(memory: ScaleMemory, { sample, seen }: Poll): Entry[] {
  const changes: Entry[] = [];
  const at = clockText(sample.group.at);
  const add = (mark: Entry['mark'], text: string) => {
    changes.push({ mark, text: `${at} ${display(text)}`, details: [] });
  };
  if (seen) for (const text of groupChanges(memory.seen, sample)) add('info', text);
  for (const error of sample.group.errors) {
    if (!memory.errors.includes(keyOf(error))) add('failed', errorText(error));
  }
  for (const text of hostChanges(memory.last, sample)) add('info', text);
  for (const text of loadChanges(memory.offered, sample)) add('info', text);
  const before = memory.last?.problem;
  if (sample.problem !== undefined && sample.problem !== before) add('warning', sample.problem);
  if (sample.problem === undefined && before !== undefined) add('info', 'seen again, without a problem');
  return changes;
}

function groupChanges(before: ScaleSample | undefined, { group }: ScaleSample): string[] {
  const was = before?.group;
  const known = new Map(was?.instances.map((each) => [each.name, each]));
  const there = new Set(group.instances.map(({ name }) => name));
  const autoscaler = autoscalerText(group);
  return [
    ...(was?.targetSize !== undefined && was.targetSize !== group.targetSize
      ? [`wanted size ${was.targetSize} -> ${group.targetSize ?? 'unknown'}`]
      : []),
    ...(autoscaler !== undefined && (was === undefined || autoscalerText(was) !== autoscaler)
      ? [`autoscaler: ${autoscaler}`]
      : []),
    ...group.instances.flatMap((each) => instanceChange(known.get(each.name), each)),
    ...[...known.keys()].filter((name) => !there.has(name)).map((name) => `${name}: gone`),
    ...(was === undefined || sizeText(was) !== sizeText(group) ? [`size: ${sizeText(group)}`] : []),
  ];
}

function instanceChange(before: InstanceSample | undefined, now: InstanceSample): string[] {
  const [was, is] = [{ ...before?.detail }, { ...now.detail }];
  const names = detailNames(before === undefined ? [now] : [before, now]);
  const changed = names.filter((name) => was[name] !== is[name]);
  const said =
    before === undefined
      ? changed.map((name) => `${name} ${is[name]}`)
      : changed.map((name) => `${name} ${was[name] ?? '-'} -> ${is[name] ?? '-'}`);
  const words = [...(before?.stage === now.stage ? [] : [now.stage]), ...said];
  return words.length === 0 ? [] : [`${now.name}: ${words.join(', ')}`];
}

/** Shares move with every poll; which hosts answer at all does not. */
function hostChanges(before: ScaleSample | undefined, now: ScaleSample): string[] {
  const names = (sample: ScaleSample | undefined) => sample?.hosts.map(({ host }) => host).join(' ') ?? '';
  if (names(before) === names(now)) return [];
  return [`answering: ${hostsText(now)}`];
}

function loadChanges(before: number | undefined, { load }: ScaleSample): string[] {
  if (load === undefined) return before === undefined ? [] : ['load: none'];
  if (load.offeredRps === before) return [];
  return [`load: ${formatRate(load.offeredRps)}/s offered, ${formatRate(load.okRps)}/s right answers`];
}

/** `QUOTA_EXCEEDED (llm-b-x1c2): Quota 'CPUS' exceeded.` */
export function errorText({ code, message, instance }: GroupError): string {
  return `${code}${instance === undefined ? '' : ` (${instance})`}: ${message}`;
}

function keyOf({ at, code, message, instance }: GroupError): string {
  return JSON.stringify([at, code, message, instance]);
}
