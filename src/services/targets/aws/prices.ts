/**
 * On-demand prices of Linux VMs, USD per hour, written down by hand from the public price lists. Not read from AWS:
 * the date says how old the knowledge is, and a type that is not here has no price rather than a guess. t3, c6i and the
 * address were compared with published copies of AWS's list: all equal.
 */
export const PRICES_AS_OF = '2025-01';

type Sizes = Readonly<Record<string, number>>;

const VM_PER_HOUR: Readonly<Record<string, Sizes>> = {
  'eu-north-1': {
    ...family('t3', 0.0864),
    ...family('t4g', 0.0688),
    ...sizes('m5', 0.102),
    ...sizes('m6i', 0.102),
    ...sizes('c5', 0.091),
    ...sizes('c6i', 0.091),
  },
  'eu-central-1': {
    ...family('t3', 0.096),
    ...family('t3a', 0.0864),
    ...family('t4g', 0.0768),
    ...sizes('m5', 0.115),
    ...sizes('m6i', 0.115),
    ...sizes('c5', 0.097),
    ...sizes('c6i', 0.097),
  },
  'eu-west-1': {
    ...family('t3', 0.0912),
    ...family('t3a', 0.0816),
    ...family('t4g', 0.0736),
    ...sizes('m5', 0.107),
    ...sizes('m6i', 0.107),
    ...sizes('c5', 0.096),
  },
  'us-east-1': {
    ...family('t3', 0.0832),
    ...family('t3a', 0.0752),
    ...family('t4g', 0.0672),
    ...sizes('m5', 0.096),
    ...sizes('m6i', 0.096),
    ...sizes('c5', 0.085),
    ...sizes('c6i', 0.085),
  },
};

/** gp3 storage, USD per GB and month. */
const DISK_PER_GB_MONTH: Readonly<Record<string, number>> = {
  'eu-north-1': 0.0836,
  'eu-central-1': 0.0952,
  'eu-west-1': 0.088,
  'us-east-1': 0.08,
};

/** Every public IPv4 address, in use or not, in every region; USD per hour. */
export const ADDRESS_PER_HOUR = 0.005;
/** What AWS counts as a month. */
const HOURS_PER_MONTH = 730;
/** CPU above the baseline of a burstable type, USD per vCPU and hour. */
const SURPLUS_PER_VCPU_HOUR: Readonly<Record<string, number>> = { t3: 0.05, t3a: 0.05, t4g: 0.04 };

/** A general family: each size costs twice the one before. */
function sizes(name: string, large: number): Sizes {
  return { [`${name}.large`]: large, [`${name}.xlarge`]: large * 2, [`${name}.2xlarge`]: large * 4 };
}

function family(name: string, large: number): Sizes {
  return {
    [`${name}.micro`]: large / 8,
    [`${name}.small`]: large / 4,
    [`${name}.medium`]: large / 2,
    ...sizes(name, large),
  };
}

interface CostRequest {
  readonly region: string;
  readonly type: string;
  readonly diskGb: number;
  readonly ttlSeconds?: number | undefined;
}

export interface Cost {
  /** USD per hour of everything together; undefined when the price of the VM is not known. */
  readonly perHour?: number | undefined;
  readonly asOf: string;
  /** For people, most important first. */
  readonly lines: readonly string[];
}

/** What a request costs while it is deployed. Pure. An address is counted once: an Elastic IP takes the other's place. */
export function costOf({ region, type, diskGb, ttlSeconds }: CostRequest): Cost {
  const vm = VM_PER_HOUR[region]?.[type];
  const diskPrice = DISK_PER_GB_MONTH[region];
  if (vm === undefined || diskPrice === undefined) {
    const text = `cost: chainctl does not know the price of ${type} in ${region}; see https://aws.amazon.com/ec2/pricing/on-demand/`;
    return { asOf: PRICES_AS_OF, lines: [text] };
  }
  const disk = (diskPrice * diskGb) / HOURS_PER_MONTH;
  const perHour = vm + disk + ADDRESS_PER_HOUR;
  const parts = `${type} ${usd(vm)}, ${diskGb} GB disk ${usd(disk)}, public IPv4 ${usd(ADDRESS_PER_HOUR)}`;
  const surplus = SURPLUS_PER_VCPU_HOUR[type.split('.')[0] ?? ''];
  const bound =
    ttlSeconds === undefined
      ? `that is ${usd(perHour * 24, 2)} a day until it is torn down; --ttl would bound it`
      : `with --ttl it ends by itself after ${usd((perHour * ttlSeconds) / 3600, 2)}`;
  return {
    perHour,
    asOf: PRICES_AS_OF,
    lines: [
      `cost: ${usd(perHour)} per hour in ${region} (${parts}); ${bound}`,
      ...(surplus === undefined
        ? []
        : [`plus up to ${usd(surplus, 2)} per vCPU and hour under load: ${type} is a burstable type`]),
      `prices as of ${PRICES_AS_OF}, from memory and not from AWS; without tax and traffic`,
    ],
  };
}

function usd(amount: number, digits = 4): string {
  return `${amount.toFixed(digits)} USD`;
}
