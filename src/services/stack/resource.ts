import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';

/** What a resource may use while it is found, created, waited for or removed. */
export interface ResourceContext {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** How a live object compares with what is wanted. */
export type Difference = 'same' | 'update' | 'replace';

/**
 * One cloud object, local process or remote step. The key is unique within a target; `find` looks at the world (a tag,
 * a name), never at the state file alone, so that a lost file loses nothing.
 */
export interface Resource<Spec, Live> {
  readonly key: string;
  readonly dependsOn: readonly string[];
  find(context: ResourceContext): Promise<Live | undefined>;
  diff(spec: Spec, live: Live): Difference;
  /** Makes the object. `token` was on disk before the call: a repeated call with it must not make a second object. */
  create(context: ResourceContext, spec: Spec, token: string): Promise<Live>;
  /** Changes the object in place; needed only where `diff` can say `update`. */
  update?(context: ResourceContext, spec: Spec, live: Live): Promise<Live>;
  /** Resolves once the object does its job. Has a deadline of its own and reports the last reason seen. */
  ready(context: ResourceContext, live: Live): Promise<void>;
  /** Removes the object and resolves once it is gone. An object that is gone already is success. */
  remove(context: ResourceContext, live: Live): Promise<void>;
  /** What identifies the live object to a person and to the state file: a pid, an instance id. No secrets. */
  identify(live: Live): Readonly<Record<string, string | number>>;
}

/** A resource with what is wanted of it. */
export interface Desired<Spec = unknown, Live = unknown> {
  readonly resource: Resource<Spec, Live>;
  readonly spec: Spec;
}

/** Binds a resource to its specification; the one place where their types are forgotten. */
export function desire<Spec, Live>(resource: Resource<Spec, Live>, spec: Spec): Desired {
  return { resource, spec } as unknown as Desired;
}

/** A place to which resources go: it can list what is there and make a handle for anything that it lists. */
export interface Target {
  readonly name: string;
  /** Keys of everything of this stack that exists, found by tag or name, whether wanted or not. */
  discover(context: ResourceContext): Promise<readonly string[]>;
  /** A handle that can find and remove the object with this key. */
  handle(key: string): Resource<unknown, unknown>;
}
