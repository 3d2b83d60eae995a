import type { Cloud } from './cloud.ts';
import type { Firewall, Instance } from './model.ts';

/** Where probes and requests of load balancers come from. */
const BALANCER_RANGES = ['130.211.0.0/22', '35.191.0.0/16'];

/** Whether firewall rules let load balancers and health checks reach a port of an instance. */
export function balancersReach({ store }: Cloud, instance: Instance, port: number): boolean {
  const tags = instance.tags?.items ?? [];
  const open = (range: string) =>
    store.all<Firewall>('firewalls').some(({ state, body }) => {
      if (state !== 'ready' || body.disabled || body.direction === 'EGRESS') return false;
      if (body.targetTags?.length && !body.targetTags.some((tag) => tags.includes(tag))) return false;
      const from = body.sourceRanges ?? [];
      return (
        (from.includes(range) || from.includes('0.0.0.0/0')) && (body.allowed ?? []).some((each) => lets(each, port))
      );
    });
  return BALANCER_RANGES.every(open);
}

function lets(rule: NonNullable<Firewall['allowed']>[number], port: number): boolean {
  const protocol = rule.IPProtocol;
  if (protocol === 'all') return true;
  if (protocol !== 'tcp' && protocol !== '6') return false;
  if (!rule.ports?.length) return true;
  return rule.ports.some((each) => {
    const [first, last = first] = each.split('-').map(Number);
    return first !== undefined && last !== undefined && port >= first && port <= last;
  });
}
