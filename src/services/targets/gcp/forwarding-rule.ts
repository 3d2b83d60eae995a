import type { Resource, ResourceContext } from '../../stack/resource.ts';
import { ADDRESS } from './address.ts';
import { SCHEME } from './backend.ts';
import { BACKEND_GROUP } from './backend-group.ts';
import type { Compute } from './compute.ts';
import type { Address, ForwardingRule } from './compute-calls.ts';
import { ensureLabels, hasLabels } from './labels.ts';
import { labelsOf, type Ownership, objectName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change, removeObject } from './operations.ts';
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
): Resource<Nothing, ForwardingRule> & { readonly name: string } {
  const target = globalPath(compute, 'targetHttpProxies', objectName(owner.stack, PROXY));
  const addressPath = globalPath(compute, 'addresses', objectName(owner.stack, ADDRESS));
  const labels = labelsOf(owner, RULE);
  const get = (name: string, signal: AbortSignal) =>
    compute.read('forwardingRules.get', { forwardingRule: name }, signal);
  const label = (context: ResourceContext, name: string) =>
    ensureLabels(compute, context, name, { call: 'forwardingRules.setLabels', key: RULE, labels, read: get });
  return namedObject<Nothing, ForwardingRule>(owner, {
    key: RULE,
    dependsOn: [PROXY, ADDRESS, BACKEND_GROUP],
    beside: [PROXY],
    // Front ends take minutes to learn of a new load balancer: they do it while the image is baked.
    ahead: [BACKEND_GROUP],
    get,
    async insert(context, _spec, made, step) {
      const forwardingRuleResource = {
        ...made,
        IPAddress: addressPath,
        IPProtocol: 'TCP',
        portRange: PUBLIC_PORT,
        target,
        loadBalancingScheme: SCHEME,
      };
      await change(compute, context, 'forwardingRules.insert', { forwardingRuleResource }, step);
      await label(context, made.name);
    },
    needsAnother: (_spec, raw) => raw.loadBalancingScheme !== SCHEME || !isPort(raw.portRange),
    differences: (_spec, raw) => [
      ...(samePath(raw.target, target) ? [] : ['leads to another proxy']),
      ...(isPort(raw.portRange) ? [] : [`port: ${raw.portRange} -> ${PUBLIC_PORT}`]),
      ...(hasLabels(raw.labels, labels) ? [] : ['labels are missing']),
    ],
    async patch(context, _spec, raw) {
      const name = raw.name ?? '';
      if (!samePath(raw.target, target)) {
        const input = { forwardingRule: name, targetReferenceResource: { target } };
        await change(compute, context, 'forwardingRules.setTarget', input, patchStep(RULE));
      }
      await label(context, name);
    },
    async ready(context, raw) {
      const address = (await context.live?.(ADDRESS)) as Address | undefined;
      await serves(context, address?.address || raw.IPAddress || '');
    },
    remove: (context, name) =>
      removeObject(compute, context, 'forwardingRules.delete', { forwardingRule: name }, { key: RULE }),
    identify: ({ IPAddress }) => ({ address: IPAddress ?? '' }),
  });
}

/** The API answers a range also where one port was given. */
function isPort(range: string | null | undefined): boolean {
  return range === PUBLIC_PORT || range === `${PUBLIC_PORT}-${PUBLIC_PORT}`;
}
