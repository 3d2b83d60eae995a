import type { Emit } from '../../events.ts';
import type { Clock } from '../clock.ts';
import type { ResourceRecord } from './state.ts';

/** What a resource may use while it is found, created, waited for or removed. */
export interface ResourceContext {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /**
   * The live object of another resource of the same target: what `find` saw, or what was made of it since. Ask only for
   * what you depend on. Absent where a resource is used outside of plan, apply, teardown and drift.
   */
  live?(key: string): Promise<unknown>;
  /**
   * What the state file says of a resource of the same target: an id to look for beside tags, which a cloud may show
   * only seconds after it has made an object. Never a reason to believe that something exists.
   */
  recorded?(key: string): ResourceRecord | undefined;
  /**
   * Called by a `find` that finds nothing because it cannot look, where that may be as well (a VM that boots): what it
   * answers is not knowledge then, and plans and comparisons say so.
   *
   * @param why for a person
   */
  unseen?(key: string, why: string): void;
}

/**
 * Thrown by `create` for an answer after which it is certain that nothing was made: the intent is taken back, so that its
 * token, which a cloud may have used up, is not used again.
 *
 * @see cause what is told instead of it
 */
export class NotMade extends Error {
  constructor(cause: unknown) {
    super('nothing was made', { cause });
  }
}

/** How a live object compares with what is wanted. */
type Difference = 'same' | 'update' | 'replace';

/**
 * One cloud object, local process or remote step. The key is unique within a target; `find` looks at the world (a tag,
 * a name), never at the state file alone, so that a lost file loses nothing.
 */
export interface Resource<Spec, Live> {
  readonly key: string;
  readonly dependsOn: readonly string[];
  /**
   * Of `dependsOn`, those that need not work yet when this one is made from nothing: it is made as soon as they are there,
   * and `ready` is called once they work.
   */
  readonly beside?: readonly string[];
  /**
   * Of `dependsOn`, those that need not even be there when this one is made from nothing: it is made without waiting for
   * them, and `ready` is called once they work.
   */
  readonly ahead?: readonly string[];
  /** Of `dependsOn`, those that it needs while it is made or changed: one that is as wanted does not wait for them. */
  readonly toMake?: readonly string[];
  find(context: ResourceContext): Promise<Live | undefined>;
  diff(spec: Spec, live: Live): Difference;
  /**
   * What a live object needs when one that it depends on is replaced: by default to be replaced, too (it is removed
   * before and made after the other); `update` changes it in place once the other is there, `same` leaves it alone.
   * With `update`, `diff` must see by itself that the object still points to the one before (`find` can look at the
   * other with `context.live`): a run may be killed in between.
   */
  whenReplaced?(dependency: string): Difference;
  /** What of the live object is not as specified, in a few words each; for a person, beside what `diff` says. */
  explain?(spec: Spec, live: Live): readonly string[];
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

/** Whose objects these are; every object of a cloud that is made says so. */
export interface Ownership {
  readonly stack: string;
  /** `user@host` of who made them. */
  readonly createdBy: string;
  /** When the last machine that exists now has ended itself, ISO 8601; undefined without a bound. */
  readonly expiresAt?: string | undefined;
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
  /** Whether a deploy may take away what is recorded under a key; without this, everything that it does not want. */
  concerns?(key: string): boolean;
  /** What an object costs while it exists, for a person: `0.05 USD/h`. Undefined for what costs nothing. */
  costOf?(key: string, spec: unknown): string | undefined;
}
