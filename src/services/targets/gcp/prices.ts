import { type Cost, costOf as listedCost, vmPerHour as listedVm, priceList } from '../../stack/prices.ts';
import { regionOf } from './names.ts';
import type { GcpRequest } from './request.ts';

type CostRequest = Pick<GcpRequest, 'zones' | 'type' | 'diskGb' | 'min' | 'max' | 'ttlSeconds'>;

/** The first five forwarding rules of a project together, with the load balancer behind them. */
export const rulePerHour = () => priceList('gcp').balancerPerHour ?? 0;

/** What one VM with its disk and address costs, USD per hour; undefined when that is not known. Pure. */
export function vmPerHour(zone: string, type: string, diskGb: number, address: boolean): number | undefined {
  return listedVm(priceList('gcp'), { region: regionOf(zone), type, diskGb, address });
}

/**
 * What a request costs while it is deployed: from the smallest group to the largest. Pure.
 *
 * @param address whether each VM has a public one
 */
export function costOf({ zones, type, diskGb, min, max, ttlSeconds }: CostRequest, address: boolean): Cost {
  const machine = { region: regionOf(zones[0] ?? ''), type, diskGb, address };
  const { lines, ...cost } = listedCost(priceList('gcp'), { ...machine, count: { min, max } });
  const ttl = 'with --ttl each VM ends itself and the group replaces it: only "chainctl teardown gcp" ends the cost';
  return { ...cost, lines: ttlSeconds === undefined || cost.perHour === undefined ? lines : [...lines, ttl] };
}
