import { type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import type { Difference, Resource, ResourceContext } from '../../stack/resource.ts';
import { isGcp, isPolicy } from './errors.ts';
import { describe, type Ownership, objectName, readMarker } from './names.ts';
import { type ChangeStep, lookUp } from './operations.ts';

/** What every kind of object has that chainctl makes. */
export interface Named {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly id?: unknown;
}

/** One kind of object with a fixed name in a stack, as {@link namedObject} needs to know it. */
export interface Kind<Spec, Raw extends Named> {
  readonly key: string;
  /** Short name within the stack; the key where absent. */
  readonly part?: string;
  readonly dependsOn: readonly string[];
  /** As {@link Resource.beside}. */
  readonly beside?: readonly string[];
  /** As {@link Resource.ahead}. */
  readonly ahead?: readonly string[];
  /** As {@link Resource.toMake}. */
  readonly toMake?: readonly string[];
  get(name: string, signal: AbortSignal): Promise<Raw>;
  /** Makes it and waits for the end of the operation. */
  insert(
    context: ResourceContext,
    spec: Spec,
    made: { name: string; description: string },
    step: ChangeStep,
  ): Promise<void>;
  /** What of a live object is not as wanted, in a few words each: changed in place. */
  differences(spec: Spec, raw: Raw): readonly string[];
  /** Of those, whether they need another object. */
  needsAnother?(spec: Spec, raw: Raw): boolean;
  /** Changes it in place; called again with a fresh object when somebody else was faster. */
  patch?(context: ResourceContext, spec: Spec, raw: Raw): Promise<void>;
  remove(context: ResourceContext, name: string): Promise<void>;
  ready?(context: ResourceContext, raw: Raw): Promise<void>;
  whenReplaced?(dependency: string): Difference;
  /** Hash of what it is made from, for the marker. */
  specHash?(spec: Spec): string;
  identify(raw: Raw): Readonly<Record<string, string | number>>;
}

/** How often a change is made again that met a newer fingerprint. */
const PATCH_ATTEMPTS = 5;

/** A resource for one object that is found by its name and known by its marker. One without the marker is not ours. */
export function namedObject<Spec, Raw extends Named>(
  owner: Ownership,
  kind: Kind<Spec, Raw>,
): Resource<Spec, Raw> & { readonly name: string } {
  const { key, dependsOn, patch } = kind;
  const name = objectName(owner.stack, kind.part ?? key);
  const look = (context: ResourceContext) => lookUp(() => kind.get(name, context.signal));
  const isOurs = (raw: Raw) => {
    const marker = readMarker(raw.description);
    return marker?.stack === owner.stack && marker.key === key;
  };
  const find = async (context: ResourceContext) => {
    const raw = await look(context);
    return raw !== undefined && isOurs(raw) ? raw : undefined;
  };
  const present = async (context: ResourceContext): Promise<Raw> => {
    const raw = await look(context);
    if (raw === undefined) throw vanished(name);
    if (!isOurs(raw)) throw nameTaken(name);
    return raw;
  };
  return {
    name,
    key,
    dependsOn,
    ...(kind.beside === undefined ? {} : { beside: kind.beside }),
    ...(kind.ahead === undefined ? {} : { ahead: kind.ahead }),
    ...(kind.toMake === undefined ? {} : { toMake: kind.toMake }),
    find,
    diff(spec, raw) {
      if (kind.needsAnother?.(spec, raw)) return 'replace';
      return kind.differences(spec, raw).length > 0 ? 'update' : 'same';
    },
    explain: (spec, raw) => kind.differences(spec, raw),
    ...(kind.whenReplaced === undefined ? {} : { whenReplaced: kind.whenReplaced }),
    async create(context, spec, token) {
      const description = describe({ ...owner, key, spec: kind.specHash?.(spec) });
      const insert = async (step: ChangeStep) => {
        try {
          await kind.insert(context, spec, { name, description }, step);
        } catch (error) {
          // Ours from a call whose answer was lost, or somebody else's under our name.
          if (!isGcp(error, 'alreadyExists')) throw error;
        }
      };
      await insert({ key, action: 'create', token });
      // A token that an earlier run used is answered with what was made then, also when that is gone since.
      if ((await look(context)) === undefined) await insert({ key, action: 'create' });
      const made = await present(context);
      if (patch === undefined || kind.differences(spec, made).length === 0) return made;
      await patch(context, spec, made);
      return present(context);
    },
    ...(patch === undefined
      ? {}
      : {
          async update(context: ResourceContext, spec: Spec) {
            await withNewest(
              () => present(context),
              (raw) => patch(context, spec, raw),
            );
            return present(context);
          },
        }),
    ready: async (context, raw) => kind.ready?.(context, raw),
    remove: (context) => kind.remove(context, name),
    identify: (raw) => ({ name, ...kind.identify(raw) }),
  };
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

/** What of some values is not as wanted, in words. */
export function unlike(pairs: readonly (readonly [name: string, is: unknown, wanted: unknown])[]): string[] {
  return pairs
    .filter(([, is, wanted]) => is !== wanted)
    .map(([name, is, wanted]) => `${name}: ${is ?? 'unset'} -> ${wanted ?? 'unset'}`);
}

/** A step for a patch: it may be repeated, and needs no token that was written down. */
export function patchStep(key: string): ChangeStep {
  return { key, action: 'update' };
}
