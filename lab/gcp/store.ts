import { alreadyExists, notFound, notReady } from './errors.ts';
import type { Body } from './model.ts';
import { linkTo, newId, type Place, pathOf, type Scope } from './names.ts';

export interface Entry<T = Body> {
  readonly path: string;
  readonly place: Place;
  body: T;
  /** An operation makes or removes it. */
  state: 'making' | 'ready' | 'leaving';
  /** Clients see it from the start, not only when its operation is done. */
  readonly visible: boolean;
}

/** All resources, by path. */
export class Store {
  readonly #entries = new Map<string, Entry<unknown>>();

  /** @throws ApiError `alreadyExists`, also while an earlier one is made or removed */
  add<T = Body>(place: Place, kind: string, body: Body, visible: boolean): Entry<T> {
    const path = pathOf(place);
    if (this.#entries.has(path)) throw alreadyExists(path);
    const [level, where] = place.scope.split('/');
    const scope =
      where === undefined
        ? {}
        : { [level === 'zones' ? 'zone' : 'region']: linkTo(`projects/${place.project}/${place.scope}`) };
    const own = { kind, id: newId(), creationTimestamp: timestamp(), selfLink: linkTo(path), ...scope };
    const entry: Entry<T> = { path, place, body: { ...body, ...own } as T, state: 'making', visible };
    this.#entries.set(path, entry);
    return entry;
  }

  find<T = Body>(path: string | undefined): Entry<T> | undefined {
    return path === undefined ? undefined : (this.#entries.get(path) as Entry<T> | undefined);
  }

  /** @throws ApiError `notFound` */
  get<T = Body>(path: string): Entry<T> {
    const entry = this.find<T>(path);
    if (!entry || (entry.state === 'making' && !entry.visible)) throw notFound(path);
    return entry;
  }

  /** One that can be changed or referred to. @throws ApiError `notFound`, `resourceNotReady` */
  getReady<T = Body>(path: string): Entry<T> {
    const entry = this.find<T>(path);
    if (!entry) throw notFound(path);
    if (entry.state !== 'ready') throw notReady(path);
    return entry;
  }

  remove(path: string): void {
    this.#entries.delete(path);
  }

  /** Those of a collection that clients see; of all scopes unless one is named. */
  list<T = Body>(collection: string, scope?: Scope): Entry<T>[] {
    return this.all<T>(collection).filter(
      (each) => (each.visible || each.state !== 'making') && (scope === undefined || each.place.scope === scope),
    );
  }

  all<T = Body>(collection?: string): Entry<T>[] {
    const entries = [...this.#entries.values()] as Entry<T>[];
    return collection === undefined ? entries : entries.filter((each) => each.place.collection === collection);
  }
}

/** Now, as Google writes it. */
export function timestamp(at: Date = new Date()): string {
  return at.toISOString().replace('Z', '-00:00');
}
