import { join } from 'node:path';
import { defined } from '../defined.ts';
import { readJsonLines } from '../load/record/json-lines.ts';
import type { GroupSample, InstanceSample, Stage } from '../stack/group.ts';
import { TIMELINE_FILE, type TimelineAbout } from './timeline-record.ts';
import type { ScaleSample } from './types.ts';

/** Everything that was seen of one group, in order of time. */
export interface Timeline {
  readonly about: TimelineAbout;
  readonly samples: readonly ScaleSample[];
}

/**
 * The timeline in a run's folder, as a watch left it that ended, was interrupted or was killed; of earlier versions, too.
 *
 * @returns undefined when there is none, or nothing was seen
 * @throws RemedyError (exit 2) for a broken line in the middle, which no killed writer leaves
 */
export async function readTimeline(folder: string): Promise<Timeline | undefined> {
  const lines = await readJsonLines<ScaleSample | { readonly about: TimelineAbout }>(join(folder, TIMELINE_FILE));
  const samples = lines.flatMap((line) => ('group' in line ? [line] : []));
  // A watch that went on wrote its own first line; the timeline is the first one's.
  const about = lines.flatMap((line) => ('about' in line ? [line.about] : []))[0];
  if (about === undefined || samples.length === 0) return undefined;
  return { about, samples: migrated(samples).toSorted((a, b) => a.group.at - b.group.at) };
}

type Words = { readonly [Word in 'action' | 'status' | 'health' | 'backend']?: string | undefined };

/** An instance as version 0.1 recorded it: in the words of a managed instance group, whatever the group was. */
type Recorded = Omit<InstanceSample, 'stage'> & Words & { readonly stage?: Stage };

/**
 * Timelines of earlier versions, as this one records them: an instance has its stage, and what its owner said is detail.
 * What nobody told in one poll may have been told in another one.
 */
function migrated(samples: readonly ScaleSample[]): readonly ScaleSample[] {
  const all = samples.flatMap(({ group }) => group.instances as readonly Recorded[]);
  if (all.every(({ stage }) => stage !== undefined)) return samples;
  const known = {
    health: all.some(({ health }) => health !== undefined),
    backend: all.some(({ backend }) => backend !== undefined),
  };
  return samples.map((sample) => ({ ...sample, group: groupOf(sample.group, known) }));
}

type Known = Readonly<Record<'health' | 'backend', boolean>>;

function groupOf({ autoscaler, ...group }: GroupSample, known: Known): GroupSample {
  const { retold, ...scaler } = { ...(autoscaler as NonNullable<typeof autoscaler> & { readonly retold?: boolean }) };
  return {
    ...group,
    ...(autoscaler === undefined ? {} : { autoscaler: { ...scaler, ...(retold ? { stale: true } : {}) } }),
    healthKnown: group.healthKnown ?? (known.health || known.backend),
    instances: group.instances.map((instance) => instanceOf(instance, known)),
  };
}

function instanceOf(recorded: Recorded, known: Known): InstanceSample {
  const { stage, action, status, health, backend, ...kept } = recorded;
  if (stage !== undefined) return { ...kept, stage };
  const words = { action, status, health, backend };
  return { ...kept, stage: stageOf(words, known), detail: defined(words) };
}

function stageOf({ action = 'NONE', status, health, backend }: Words, known: Known): Stage {
  const ends = /^(STOPP|TERMINATED|SUSPEND)/.test(status ?? '') && !/^(RE|STARTING)/.test(action);
  if (ends || /^(DELETING|ABANDONING|STOPPING|SUSPENDING)$/.test(action)) return 'leaving';
  const runs = status === undefined ? [health, backend].includes('HEALTHY') : status === 'RUNNING';
  if (!runs) return 'creating';
  const isWell = (known.health ? health : backend) === 'HEALTHY';
  if (known.backend ? backend === 'HEALTHY' : isWell) return 'serving';
  return isWell ? 'healthy' : 'running';
}
