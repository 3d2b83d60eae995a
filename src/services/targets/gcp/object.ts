import { type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import type { Ownership, Resource, ResourceContext } from '../../stack/resource.ts';
import type { Compute } from './compute.ts';
import type { Answer } from './compute-calls.ts';
import { isGcp, isPolicy } from './errors.ts';
import { describe, labelsOf, objectName, readMarker } from './names.ts';
import { type ChangeStep, change, lookUp, removeObject } from './operations.ts';

/** Kinds of which a name is used once where they are, and what their calls name one of them with. */
const NOUNS = {
  addresses: 'address',
  autoscalers: 'autoscaler',
  backendServices: 'backendService',
  firewalls: 'firewall',
  forwardingRules: 'forwardingRule',
  healthChecks: 'healthCheck',
  images: 'image',
  instanceGroupManagers: 'instanceGroupManager',
  instanceTemplates: 'instanceTemplate',
  instances: 'instance',
  targetHttpProxies: 'targetHttpProxy',
  urlMaps: 'urlMap',
} as const;

type Made = keyof typeof NOUNS;
type Raw<Of extends Made> = Answer<`${Of}.get`>;
type Labels = Readonly<Record<string, string>>;

/** What every kind of object has that chainctl makes. */
interface Named {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly fingerprint?: string | null;
  readonly labels?: Labels | null;
  readonly labelFingerprint?: unknown;
}

/** What every object is made with. */
type Marked = Readonly<Record<'name' | 'description', string>>;

/** One kind of object with a fixed name in a stack, as {@link namedObject} needs to know it. */
interface Kind<Spec, Live>
  extends Pick<Resource<Spec, Live>, 'key' | 'dependsOn' | 'beside' | 'ahead' | 'toMake' | 'whenReplaced'> {
  /** Short name within the stack; the key where absent. */
  readonly part?: string;
  /** It has labels, which its insert does not take. */
  readonly labelled?: boolean;
  /** What it is made with, and patched with unless `patch` does it otherwise. */
  bodyOf?(spec: Spec): Live;
  get?(name: string, signal: AbortSignal): Promise<Live | undefined>;
  /** Makes it and waits for the end of the operation. */
  insert?(context: ResourceContext, spec: Spec, made: Marked, step: ChangeStep): Promise<void>;
  /** What of an object has to be as in the body that is wanted, by what a person calls it. */
  factsOf?(raw: Live): Facts;
  /** Those of the facts that cannot be changed: they need another object. */
  readonly fixed?: readonly string[];
  /** Changes it in place; called again with a fresh object when somebody else was faster. */
  patch?(context: ResourceContext, spec: Spec, raw: Live): Promise<void>;
  remove?(context: ResourceContext): Promise<void>;
  /** How long its removal may take, where that is longer than usual. */
  readonly removeSeconds?: number;
  ready?(context: ResourceContext, raw: Live): Promise<void>;
  identify?(raw: Live): Readonly<Record<string, string | number>>;
}

/** How often a change is made again that met a newer fingerprint. */
const PATCH_ATTEMPTS = 5;

/**
 * A resource for one object of a collection, found by its name and known by its marker: one without the marker is not
 * ours. All collections have the same calls; what differs is the name of the object and of its body in them, for which
 * the types of one collection stand here.
 */
export function namedObject<Spec, Of extends Made>(
  compute: Compute,
  owner: Ownership,
  collection: Of,
  kind: Kind<Spec, Raw<Of>>,
) {
  type Live = Raw<Of> & Named;
  const { part, labelled, removeSeconds, bodyOf, factsOf, fixed = [], ...calls } = kind;
  const { get, insert, patch, remove, ready, identify, ...shape } = calls;
  const { key } = shape;
  const name = objectName(owner.stack, part ?? key);
  const labels = labelled ? labelsOf(owner, key) : {};
  const noun = NOUNS[collection];
  const called = <Call extends string>(call: Call) => `${collection}.${call}` as `firewalls.${Call}`;
  const named = { [noun]: name } as unknown as { firewall: string };
  const bodied = (body: object) => ({ [`${noun}Resource`]: body });

  const look = ({ signal }: ResourceContext): Promise<Live | undefined> =>
    lookUp(() => (get?.(name, signal) ?? compute.read(called('get'), named, signal)) as Promise<Live | undefined>);
  const isOurs = (raw: Live) => {
    const marker = readMarker(raw.description);
    return marker?.stack === owner.stack && marker.key === key;
  };
  const present = async (context: ResourceContext): Promise<Live> => {
    const raw = await look(context);
    if (raw === undefined) throw vanished(name);
    if (!isOurs(raw)) throw nameTaken(name);
    return raw;
  };
  const differences = (spec: Spec, raw: Live) =>
    factsOf === undefined ? [] : unlike(factsOf(raw), factsOf((bodyOf?.(spec) ?? {}) as Live));
  const explain = (spec: Spec, raw: Live) => [
    ...differences(spec, raw).map(({ text }) => text),
    ...(hasLabels(raw.labels, labels) ? [] : ['labels are missing']),
  ];
  // Repeated after an answer that was lost, it meets the fingerprint that it has changed itself: it knows no request id.
  const label = (context: ResourceContext) =>
    withNewest(
      () => present(context),
      async (raw) => {
        if (hasLabels(raw.labels, labels)) return;
        const all = { labels: { ...raw.labels, ...labels }, labelFingerprint: String(raw.labelFingerprint ?? '') };
        const call = `${collection}.setLabels` as 'addresses.setLabels';
        await change(compute, context, call, { resource: name, globalSetLabelsRequestResource: all }, patchStep(key));
      },
    );
  const make = async (context: ResourceContext, spec: Spec, step: ChangeStep) => {
    const made = { name, description: describe({ ...owner, key }) };
    try {
      if (insert !== undefined) return await insert(context, spec, made, step);
      await change(compute, context, called('insert'), bodied({ ...made, ...bodyOf?.(spec) }), step);
    } catch (error) {
      // Ours from a call whose answer was lost, or somebody else's under our name.
      if (!isGcp(error, 'alreadyExists')) throw error;
    }
  };
  const adjust = async (context: ResourceContext, spec: Spec, raw: Live) => {
    if (patch !== undefined) await patch(context, spec, raw);
    else {
      const body = { ...bodyOf?.(spec), ...(raw.fingerprint ? { fingerprint: raw.fingerprint } : {}) };
      await change(compute, context, called('patch'), { ...named, ...bodied(body) }, patchStep(key));
    }
    if (labelled) await label(context);
  };
  return {
    ...shape,
    name,
    async find(context: ResourceContext): Promise<Live | undefined> {
      const raw = await look(context);
      return raw !== undefined && isOurs(raw) ? raw : undefined;
    },
    diff(spec: Spec, raw: Live) {
      if (differences(spec, raw).some(({ fact }) => fixed.includes(fact))) return 'replace';
      return explain(spec, raw).length > 0 ? 'update' : 'same';
    },
    explain,
    async create(context: ResourceContext, spec: Spec, token: string) {
      await make(context, spec, { key, action: 'create', token });
      // A token that an earlier run used is answered with what was made then, also when that is gone since.
      if ((await look(context)) === undefined) await make(context, spec, { key, action: 'create' });
      const made = await present(context);
      if (explain(spec, made).length === 0) return made;
      await adjust(context, spec, made);
      return present(context);
    },
    async update(context: ResourceContext, spec: Spec) {
      await withNewest(
        () => present(context),
        (raw) => adjust(context, spec, raw),
      );
      return present(context);
    },
    ready: async (context: ResourceContext, raw: Live) => ready?.(context, raw),
    async remove(context: ResourceContext) {
      if (remove !== undefined) return remove(context);
      await removeObject(compute, context, called('delete'), named, { key, deadlineSeconds: removeSeconds });
    },
    identify: (raw: Live) => ({ name, ...identify?.(raw) }),
  } satisfies Resource<Spec, Live> & { readonly name: string };
}

function hasLabels(live: Labels | null | undefined, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => live?.[name] === value);
}

/** Changes an object, and does it again with a fresh one where somebody else was faster. */
export async function withNewest<Raw>(look: () => Promise<Raw>, act: (raw: Raw) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const raw = await look();
    try {
      return await act(raw);
    } catch (error) {
      const overtaken = isGcp(error, 'conditionNotMet') && !isPolicy(reasonOf(error));
      if (attempt >= PATCH_ATTEMPTS || !overtaken) throw error;
    }
  }
}

/** The error for an object that has our name and not our marker: it is never touched. */
function nameTaken(name: string): RemedyError {
  return remedy.configuration('gcp-name-taken', `there is an object called ${name} that chainctl did not make`, [
    'rename or delete it by hand, or use another --stack',
  ]);
}

/** Something else removed it while it was being made or changed. */
export function vanished(name: string): RemedyError {
  return remedy.unhealthy('gcp-gone', `${name} was removed by somebody else while it was being deployed`, [
    'run the same command again: it makes what is missing',
  ]);
}

type Facts = Readonly<Record<string, unknown>>;

/** What of some facts is not as wanted, in words. */
export function unlike(live: Facts, wanted: Facts) {
  return Object.keys(wanted)
    .filter((fact) => (live[fact] ?? undefined) !== (wanted[fact] ?? undefined))
    .map((fact) => ({ fact, text: `${fact}: ${live[fact] ?? 'unset'} -> ${wanted[fact] ?? 'unset'}` }));
}

/** A step for a patch: it may be repeated, and needs no token that was written down. */
export function patchStep(key: string): ChangeStep {
  return { key, action: 'update' };
}
