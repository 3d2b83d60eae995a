import type { Region } from './compute-calls.ts';

/** What is left of one quota, and what is asked of it. */
export interface QuotaCheck {
  readonly metric: string;
  readonly limit: number;
  readonly usage: number;
  /** Of the group at its smallest and at its largest, without what runs already. */
  readonly needed: { readonly min: number; readonly max: number };
}

export interface GroupSize {
  readonly type: string;
  readonly vcpus: number;
  readonly min: number;
  readonly max: number;
  readonly externalAddress: boolean;
  /** VMs of the group that run already and count in the usage. */
  readonly running: number;
  /** VMs that are made beside them for a while: a builder, or those by which a rollout is ahead. None when left out. */
  readonly beside?: number;
}

/** A region and the project have quotas; both may be given together. */
export type Quotas = Pick<Region, 'quotas'>;

/** Newer families have a quota of their own; the others share one (cloud.google.com/compute/resource-usage). */
function cpuMetric(type: string, { quotas }: Quotas): string {
  const own = `${type.split('-')[0]?.toUpperCase()}_CPUS`;
  return (quotas ?? []).some(({ metric }) => String(metric) === own) ? own : 'CPUS';
}

/** What quotas mean for a group, tightest first. A quota that is not told is left out. Pure. */
export function quotaChecks(told: Quotas, size: GroupSize): QuotaCheck[] {
  const { quotas } = told;
  const { vcpus, running, beside = 0 } = size;
  const vms = { min: Math.max(beside, size.min - running), max: Math.max(beside, size.max - running) };
  const wanted: readonly (readonly [metric: string, each: number])[] = [
    [cpuMetric(size.type, told), vcpus],
    ['CPUS_ALL_REGIONS', vcpus],
    ['INSTANCES', 1],
    ...(size.externalAddress ? [['IN_USE_ADDRESSES', 1] as const] : []),
  ];
  const checks = wanted.flatMap(([metric, each]): QuotaCheck[] => {
    const quota = (quotas ?? []).find((known) => String(known.metric) === metric);
    if (quota === undefined) return [];
    const needed = { min: vms.min * each, max: vms.max * each };
    return [{ metric, limit: quota.limit ?? 0, usage: quota.usage ?? 0, needed }];
  });
  const room = ({ limit, usage, needed }: QuotaCheck) => limit - usage - needed.max;
  return checks.sort((one, other) => room(one) - room(other));
}

/** One check as a sentence. */
export function quotaText({ metric, limit, usage, needed }: QuotaCheck): string {
  const range = needed.min === needed.max ? `${needed.max}` : `${needed.min} to ${needed.max}`;
  return `${metric}: ${usage} of ${limit} in use, ${range} more needed`;
}

export function fits({ limit, usage, needed }: QuotaCheck, size: 'min' | 'max'): boolean {
  return usage + needed[size] <= limit;
}
