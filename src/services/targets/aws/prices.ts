import { costOf as listedCost, priceList } from '../../stack/prices.ts';

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

/** Every public IPv4 address, in use or not, in every region; USD per hour. */
export const addressPerHour = () => priceList('aws').addressPerHour;

/** What a request costs while it is deployed. Pure. An address is counted once: an Elastic IP takes the other's place. */
export function costOf({ ttlSeconds, ...machine }: CostRequest): Cost {
  const count = { min: 1, max: 1 };
  const cost = listedCost(priceList('aws'), { ...machine, count, address: true, endsAfterSeconds: ttlSeconds });
  return { ...cost, perHour: cost.perHour?.max };
}
