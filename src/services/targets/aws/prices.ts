import { costOf as listedCost, priceList } from '../../stack/prices.ts';
import type { AwsRequest } from './request.ts';

/** Every public IPv4 address, in use or not, in every region; USD per hour. */
export const addressPerHour = () => priceList('aws').addressPerHour;

type Priced = Pick<AwsRequest, 'region' | 'type' | 'diskGb' | 'ttlSeconds'>;

/** What a request costs while it is deployed. Pure. An address is counted once: an Elastic IP takes the other's place. */
export function costOf({ ttlSeconds, ...machine }: Priced) {
  const count = { min: 1, max: 1 };
  const cost = listedCost(priceList('aws'), { ...machine, count, address: true, endsAfterSeconds: ttlSeconds });
  return { ...cost, perHour: cost.perHour?.max };
}
