import type { Resource, ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import { ensureLabels, hasLabels } from './labels.ts';
import type { Ownership } from './names.ts';
import { type Kind, type Named, namedObject, patchStep } from './object.ts';
import { change, removeObject } from './operations.ts';

/** Kinds of which a name is used once in a project, and what their calls name one of them with. */
const NOUNS = {
  addresses: 'address',
  backendServices: 'backendService',
  firewalls: 'firewall',
  forwardingRules: 'forwardingRule',
  healthChecks: 'healthCheck',
  targetHttpProxies: 'targetHttpProxy',
  urlMaps: 'urlMap',
} as const;

type GlobalCollection = keyof typeof NOUNS;

/** One kind of global object, see {@link globalObject}. */
interface GlobalKind<Spec, Raw extends Named> extends Omit<Kind<Spec, Raw>, 'get' | 'insert' | 'remove' | 'identify'> {
  /** What it is made with, and patched with unless `patch` does it otherwise. */
  bodyOf(spec: Spec): Raw;
  /** Labels that its insert does not take. */
  readonly labels?: Readonly<Record<string, string>>;
  identify?(raw: Raw): Readonly<Record<string, string | number>>;
}

type Global = Named & { readonly fingerprint?: string | null; readonly labels?: Record<string, string> | null };

/**
 * A resource for one object of a collection. All collections have the same calls; what differs is the name of the object
 * and of its body in them, for which the types of one collection stand here.
 */
export function globalObject<Spec, Raw extends Global>(
  compute: Compute,
  owner: Ownership,
  collection: GlobalCollection,
  { bodyOf, labels, ...kind }: GlobalKind<Spec, Raw>,
): Resource<Spec, Raw> & { readonly name: string } {
  const noun = NOUNS[collection];
  const { key } = kind;
  const called = <Call extends string>(call: Call) => `${collection}.${call}` as `firewalls.${Call}`;
  const named = (name: string) => ({ [noun]: name }) as unknown as { firewall: string };
  const bodied = (body: object) => ({ [`${noun}Resource`]: body });
  const get = (name: string, signal: AbortSignal) => compute.read(called('get'), named(name), signal) as Promise<Raw>;
  const label = async (context: ResourceContext, name: string) => {
    if (labels === undefined) return;
    const call = `${collection}.setLabels` as 'addresses.setLabels';
    await ensureLabels(compute, context, name, { call, key, labels, read: get });
  };
  const patch: typeof kind.patch = async (context, spec, { name, fingerprint }) => {
    const body = { ...bodyOf(spec), ...(fingerprint ? { fingerprint } : {}) };
    await change(compute, context, called('patch'), { ...named(name ?? ''), ...bodied(body) }, patchStep(key));
  };
  return namedObject<Spec, Raw>(owner, {
    identify: () => ({}),
    ...kind,
    get,
    async insert(context, spec, made, step) {
      await change(compute, context, called('insert'), bodied({ ...made, ...bodyOf(spec) }), step);
      await label(context, made.name);
    },
    differences: (spec, raw) => [
      ...kind.differences(spec, raw),
      ...(labels === undefined || hasLabels(raw.labels, labels) ? [] : ['labels are missing']),
    ],
    async patch(context, spec, raw) {
      await (kind.patch ?? patch)(context, spec, raw);
      await label(context, raw.name ?? '');
    },
    remove: (context, name) => removeObject(compute, context, called('delete'), named(name), { key }),
  });
}
