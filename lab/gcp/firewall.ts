import type { Cloud } from './cloud.ts';
import type { Firewall, Instance } from './model.ts';

/** Where probes and requests of load balancers come from. */
const BALANCER_RANGES = ['130.211.0.0/22', '35.191.0.0/16'];

/** Whether firewall rules let load balancers and health checks reach a port of an instance. */
export function balancersReach({ store }: Cloud, instance: Instance, port: number): boolean {
  const tags = instance.tags?.items ?? [];
  const applying = store.all<Firewall>('firewalls').flatMap(({ state, body }) => {
    if (state !== 'ready' || body.disabled || body.direction === 'EGRESS') return [];
    return body.targetTags?.length && !body.targetTags.some((tag) => tags.includes(tag)) ? [] : [body];
  });
  // The rule with the smallest number decides; of two with the same one, that which denies.
  const open = (range: string) => {
    const about = applying
      .filter(({ sourceRanges }) => [range, '0.0.0.0/0'].some((each) => sourceRanges?.includes(each)))
      .flatMap(({ priority, allowed, denied }) => [
        ...(denied?.some((each) => covers(each, port)) ? [{ priority: priority ?? 1000, opens: false }] : []),
        ...(allowed?.some((each) => covers(each, port)) ? [{ priority: priority ?? 1000, opens: true }] : []),
      ]);
    const [first] = about.sort((a, b) => a.priority - b.priority || Number(a.opens) - Number(b.opens));
    return first?.opens ?? false;
  };
  return BALANCER_RANGES.every(open);
}

function covers(rule: NonNullable<Firewall['allowed']>[number], port: number): boolean {
  const protocol = rule.IPProtocol;
  if (protocol === 'all') return true;
  if (protocol !== 'tcp' && protocol !== '6') return false;
  if (!rule.ports?.length) return true;
  return rule.ports.some((each) => {
    const [first, last = first] = each.split('-').map(Number);
    return first !== undefined && last !== undefined && port >= first && port <= last;
  });
}
