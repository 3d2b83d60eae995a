import type { Region } from './compute-calls.ts';
import type { GcpRequest } from './request.ts';
import { diskTypeOf } from './template.ts';

/** What is left of one quota, and what is asked of it. */
export interface QuotaCheck {
  readonly metric: string;
  readonly limit: number;
  readonly usage: number;
  /** Of the group at its smallest and at its largest, without what runs already. */
  readonly needed: { readonly min: number; readonly max: number };
}

/** What of a group decides which quotas it needs; `diskGb` is of one VM. */
export interface GroupSize extends Pick<GcpRequest, 'type' | 'min' | 'max' | 'diskGb'> {
  readonly vcpus: number;
  readonly externalAddress: boolean;
  /** VMs of the group that run already and count in the usage. */
  readonly running: number;
  /** VMs that are made beside them for a while: a builder, or those by which a rollout is ahead. None when left out. */
  readonly beside?: number;
  /** What is made beside them is a builder, which has an address in any case. */
  readonly bakes?: boolean;
}

/** Families that count in `CPUS`; E2 does, although regions also list an `E2_CPUS`, of which nothing is ever used. */
const SHARED = ['custom', 'e2', 'f1', 'g1', 'n1'];

/**
 * The older families share a quota, others have one of their own (cloud.google.com/compute/resource-usage). Of the newest
 * it is one for each family that regions do not tell: none is found by its name then.
 */
function cpuMetric(type: string): string {
  const family = type.split('-')[0] ?? '';
  return SHARED.includes(family) ? 'CPUS' : `${family.toUpperCase()}_CPUS`;
}

/** What quotas mean for a group, tightest first. A quota that is not told is left out. Pure. */
export function quotaChecks({ quotas }: Pick<Region, 'quotas'>, size: GroupSize): QuotaCheck[] {
  const { type, vcpus, running, beside = 0 } = size;
  const vms = { min: Math.max(beside, size.min - running), max: Math.max(beside, size.max - running) };
  const builder = size.bakes ? { min: 1, max: 1 } : { min: 0, max: 0 };
  const wanted: readonly (readonly [metric: string, each: number, of: typeof vms])[] = [
    [cpuMetric(type), vcpus, vms],
    ['CPUS_ALL_REGIONS', vcpus, vms],
    ['INSTANCES', 1, vms],
    ['IN_USE_ADDRESSES', 1, size.externalAddress ? vms : builder],
    // Balanced disks count as SSDs.
    ['SSD_TOTAL_GB', diskTypeOf(type) === 'pd-balanced' ? size.diskGb : 0, vms],
  ];
  const checks = wanted.flatMap(([metric, each, of]): QuotaCheck[] => {
    const quota = quotas?.find((known) => String(known.metric) === metric);
    const needed = { min: of.min * each, max: of.max * each };
    if (quota === undefined || needed.max === 0) return [];
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
