import type { GroupSample, InstanceSample, Stage } from '../stack/group.ts';
import type { ScaleSample } from './types.ts';

const WORDS = ['action', 'status', 'health', 'backend'] as const;

type Words = { readonly [Word in (typeof WORDS)[number]]?: string };

/** An instance as version 0.1 recorded it: in the words of a managed instance group, whatever the group was. */
type Recorded = Omit<InstanceSample, 'stage'> & Words & { readonly stage?: Stage };

/**
 * Timelines of earlier versions, as this one records them: an instance has its stage, and what its owner said is detail.
 * What nobody told in one poll may have been told in another one.
 */
export function migrated(samples: readonly ScaleSample[]): readonly ScaleSample[] {
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
  const { stage, action: _action, status: _status, health: _health, backend: _backend, ...kept } = recorded;
  if (stage !== undefined) return { ...kept, stage };
  const words: Words = recorded;
  const detail = Object.fromEntries(WORDS.flatMap((word) => (words[word] === undefined ? [] : [[word, words[word]]])));
  return { ...kept, stage: stageOf(words, known), detail };
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
