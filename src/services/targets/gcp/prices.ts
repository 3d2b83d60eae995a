import { regionOf } from './names.ts';

/**
 * On-demand prices of Linux VMs, USD per hour, written down by hand from the public price lists. Not read from Google:
 * the date says how old the knowledge is, and a type that is not here has no price rather than a guess. E2, disks, the
 * address and the rule were compared with published copies of Google's list (2025-03 and later): all equal.
 */
export const PRICES_AS_OF = '2025-01';

type Prices = Readonly<Record<string, number>>;

/** Price of a family's size with two vCPUs: each size costs as its number of vCPUs says. */
function family(name: string, two: number): Prices {
  return Object.fromEntries([2, 4, 8, 16].map((vcpus) => [`${name}-${vcpus}`, (two * vcpus) / 2]));
}

function e2(medium: number, standard: number, highcpu: number): Prices {
  return {
    'e2-micro': medium / 4,
    'e2-small': medium / 2,
    'e2-medium': medium,
    ...family('e2-standard', standard),
    ...family('e2-highcpu', highcpu),
  };
}

const VM_PER_HOUR: Readonly<Record<string, Prices>> = {
  'europe-west1': { ...e2(0.0369, 0.0737, 0.0544), ...family('n2-standard', 0.1068) },
  'europe-west3': { ...e2(0.0432, 0.0863, 0.0637), ...family('n2-standard', 0.1251) },
  'europe-west4': { ...e2(0.0369, 0.0738, 0.0545), ...family('n2-standard', 0.1069) },
  'europe-north1': { ...e2(0.0369, 0.0737, 0.0545), ...family('n2-standard', 0.1069) },
  'us-central1': { ...e2(0.0335, 0.067, 0.0495), ...family('n2-standard', 0.0971) },
  'us-east1': { ...e2(0.0335, 0.067, 0.0495), ...family('n2-standard', 0.0971) },
};

/** Balanced persistent disk, USD per GB and month. */
const DISK_PER_GB_MONTH: Prices = {
  'europe-west1': 0.1,
  'europe-west3': 0.12,
  'europe-west4': 0.11,
  'europe-north1': 0.11,
  'us-central1': 0.1,
  'us-east1': 0.1,
};

/** The public address of a VM that has one. */
const ADDRESS_PER_HOUR = 0.005;
/** The first five forwarding rules of a project together, with the load balancer behind them. */
export const RULE_PER_HOUR = 0.025;
/** What Google counts as a month. */
const HOURS_PER_MONTH = 730;

interface CostRequest {
  readonly zones: readonly string[];
  readonly type: string;
  readonly diskGb: number;
  readonly min: number;
  readonly max: number;
  readonly externalAddress: boolean;
  readonly ttlSeconds?: number | undefined;
}

export interface Cost {
  /** USD per hour with the smallest and the largest group; undefined when the price of the VM is not known. */
  readonly perHour?: { readonly min: number; readonly max: number } | undefined;
  readonly asOf: string;
  /** For people, most important first. */
  readonly lines: readonly string[];
}

/** What one VM with its disk and address costs, USD per hour; undefined when that is not known. Pure. */
export function vmPerHour(zone: string, type: string, diskGb: number, externalAddress: boolean): number | undefined {
  const region = regionOf(zone);
  const vm = VM_PER_HOUR[region]?.[type];
  const disk = DISK_PER_GB_MONTH[region];
  if (vm === undefined || disk === undefined) return undefined;
  return vm + (disk * diskGb) / HOURS_PER_MONTH + (externalAddress ? ADDRESS_PER_HOUR : 0);
}

/** What a request costs while it is deployed: from the smallest group to the largest. Pure. */
export function costOf({ zones, type, diskGb, min, max, externalAddress, ttlSeconds }: CostRequest): Cost {
  const zone = zones[0] ?? '';
  const vm = vmPerHour(zone, type, diskGb, externalAddress);
  if (vm === undefined) {
    const text = `cost: chainctl does not know the price of ${type} in ${regionOf(zone)}; see https://cloud.google.com/compute/all-pricing`;
    return { asOf: PRICES_AS_OF, lines: [text] };
  }
  const perHour = { min: min * vm + RULE_PER_HOUR, max: max * vm + RULE_PER_HOUR };
  const range = min === max ? usd(perHour.min) : `${usd(perHour.min)} to ${usd(perHour.max)}`;
  const count = min === max ? String(min) : `${min} to ${max}`;
  const what = `${count} x ${type} with ${diskGb} GB disk${externalAddress ? ' and address' : ''} at ${usd(vm)} each`;
  const days = `up to ${usd(perHour.max * 24, 2)} a day until it is torn down`;
  return {
    perHour,
    asOf: PRICES_AS_OF,
    lines: [
      `cost: ${range} per hour in ${regionOf(zone)} (${what}, load balancer ${usd(RULE_PER_HOUR)}); ${days}`,
      ...(ttlSeconds === undefined
        ? []
        : ['--ttl ends each VM, and the group then makes another one: only "chainctl teardown gcp" ends the cost']),
      `prices as of ${PRICES_AS_OF}, from memory and not from Google; without tax, traffic and logs`,
    ],
  };
}

function usd(amount: number, digits = 4): string {
  return `${amount.toFixed(digits)} USD`;
}
