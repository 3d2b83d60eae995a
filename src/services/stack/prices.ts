import { createRequire } from 'node:module';

/** The list prices of one provider: a file of `templates/prices/`, made by `.tools/prices.mjs`. US dollars. */
export interface PriceList {
  /** Year and month. */
  readonly asOf: string;
  /** Whether a script took it from the provider's own list; otherwise it was written down by hand. */
  readonly fetched: boolean;
  readonly source: string;
  /** Where a person finds the price of everything else. */
  readonly page: string;
  readonly regions: Readonly<Record<string, RegionPrices>>;
  /** A public IPv4 address. */
  readonly addressPerHour: number;
  /** The load balancer of a stack. */
  readonly balancerPerHour?: number;
  /** CPU above the baseline of a burstable type, by the type's family. */
  readonly surplusPerVcpuHour?: Readonly<Record<string, number>>;
}

interface RegionPrices {
  /** A Linux VM per hour, on demand, by its type. */
  readonly vm: Readonly<Record<string, number>>;
  readonly diskPerGbMonth: number;
}

export interface Cost {
  /** USD per hour, with the fewest and with the most VMs; undefined when the price of the VM is not known. */
  readonly perHour?: { readonly min: number; readonly max: number } | undefined;
  readonly asOf: string;
  /** For people, most important first. */
  readonly lines: readonly string[];
}

interface Machine {
  readonly region: string;
  readonly type: string;
  readonly diskGb: number;
  readonly address: boolean;
}

interface CostRequest extends Machine {
  readonly count: { readonly min: number; readonly max: number };
  /** After which everything has ended by itself; undefined when nothing bounds the cost. */
  readonly endsAfterSeconds?: number | undefined;
}

/** What both providers count as a month. */
const HOURS_PER_MONTH = 730;

/** The package ships the folder as it is. Read at the first question, and once. */
export function priceList(name: string): PriceList {
  return createRequire(import.meta.url)(`../../../templates/prices/${name}.json`);
}

/** What one VM costs with its disk and its address, USD per hour; undefined when that is not known. Pure. */
export function vmPerHour(prices: PriceList, { region, type, diskGb, address }: Machine): number | undefined {
  const { vm, diskPerGbMonth = 0 } = prices.regions[region] ?? {};
  const price = vm?.[type];
  if (price === undefined) return undefined;
  return price + (diskPerGbMonth * diskGb) / HOURS_PER_MONTH + (address ? prices.addressPerHour : 0);
}

/** What a request costs while it is deployed. A type that is not listed has no price rather than a guess. Pure. */
export function costOf(prices: PriceList, request: CostRequest): Cost {
  const { asOf, balancerPerHour = 0 } = prices;
  const { region, type, diskGb, address, endsAfterSeconds, count } = request;
  const each = vmPerHour(prices, request);
  if (each === undefined) {
    return { asOf, lines: [`cost: chainctl does not know the price of ${type} in ${region}; see ${prices.page}`] };
  }
  const perHour = { min: count.min * each + balancerPerHour, max: count.max * each + balancerPerHour };
  const isRange = count.min !== count.max;
  const balancer = balancerPerHour === 0 ? '' : `, load balancer ${usd(balancerPerHour)}`;
  const what = `${isRange ? `${count.min} to ${count.max}` : count.min} x ${type} with ${diskGb} GB disk`;
  const bound =
    endsAfterSeconds === undefined
      ? `${isRange ? 'up to ' : ''}${usd(perHour.max * 24, 2)} a day until it is torn down`
      : `at most ${usd((perHour.max * endsAfterSeconds) / 3600, 2)} with --ttl`;
  const surplus = prices.surplusPerVcpuHour?.[type.split('.')[0] ?? ''];
  return {
    perHour,
    asOf,
    lines: [
      `cost: ${isRange ? `${usd(perHour.min)} to ` : ''}${usd(perHour.max)} per hour in ${region} ` +
        `(${what}${address ? ' and public IPv4' : ''} at ${usd(each)} each${balancer}); ${bound}`,
      ...(surplus === undefined
        ? []
        : [`plus up to ${usd(surplus, 2)} per vCPU and hour under load: ${type} is a burstable type`]),
      `list prices as of ${asOf} (built in, ${prices.fetched ? `from ${prices.source}` : 'not fetched'}); ` +
        'excludes tax, traffic and logs',
    ],
  };
}

function usd(amount: number, digits = 4): string {
  return `${amount.toFixed(digits)} USD`;
}
