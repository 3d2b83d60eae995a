import type { ResourceContext } from '../../stack/resource.ts';
import { ADDRESS } from './address.ts';
import { SCHEME } from './backend.ts';
import { BACKEND_GROUP } from './backend-group.ts';
import type { Compute } from './compute.ts';
import type { Address, ForwardingRule } from './compute-calls.ts';
import { globalObject } from './global-object.ts';
import { labelsOf, type Ownership, objectName } from './names.ts';
import { patchStep } from './object.ts';
import { change } from './operations.ts';
import { globalPath, samePath } from './paths.ts';
import { PROXY } from './url-map.ts';

export const RULE = 'forwarding-rule';

/** The port of the public address. */
const PUBLIC_PORT = '80';

type Nothing = Readonly<Record<string, never>>;

/**
 * What connects the public address with the load balancer: from here on B can be reached, and costs by the hour.
 *
 * @param serves resolves once B really answers at this address
 */
export function forwardingRule(
  compute: Compute,
  owner: Ownership,
  serves: (context: ResourceContext, address: string) => Promise<void>,
) {
  const target = globalPath(compute, 'targetHttpProxies', objectName(owner.stack, PROXY));
  return globalObject<Nothing, ForwardingRule>(compute, owner, 'forwardingRules', {
    key: RULE,
    dependsOn: [PROXY, ADDRESS, BACKEND_GROUP],
    beside: [PROXY],
    // Front ends take minutes to learn of a new load balancer: they do it while the image is baked.
    ahead: [BACKEND_GROUP],
    labels: labelsOf(owner, RULE),
    bodyOf: () => ({
      IPAddress: globalPath(compute, 'addresses', objectName(owner.stack, ADDRESS)),
      IPProtocol: 'TCP',
      portRange: PUBLIC_PORT,
      target,
      loadBalancingScheme: SCHEME,
    }),
    needsAnother: (_spec, raw) => raw.loadBalancingScheme !== SCHEME || !isPort(raw.portRange),
    differences: (_spec, raw) => [
      ...(samePath(raw.target, target) ? [] : ['leads to another proxy']),
      ...(isPort(raw.portRange) ? [] : [`port: ${raw.portRange} -> ${PUBLIC_PORT}`]),
    ],
    async patch(context, _spec, raw) {
      if (samePath(raw.target, target)) return;
      const input = { forwardingRule: raw.name ?? '', targetReferenceResource: { target } };
      await change(compute, context, 'forwardingRules.setTarget', input, patchStep(RULE));
    },
    async ready(context, raw) {
      const address = (await context.live?.(ADDRESS)) as Address | undefined;
      await serves(context, address?.address || raw.IPAddress || '');
    },
    identify: ({ IPAddress }) => ({ address: IPAddress ?? '' }),
  });
}

/** The API answers a range also where one port was given. */
function isPort(range: string | null | undefined): boolean {
  return range === PUBLIC_PORT || range === `${PUBLIC_PORT}-${PUBLIC_PORT}`;
}
