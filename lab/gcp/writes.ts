import type { Cloud } from './cloud.ts';
import { ApiError, inUse, notReady, staleFingerprint } from './errors.ts';
import type { Kind } from './kinds.ts';
import type { Body, Operation } from './model.ts';
import { checkName, digest, newFingerprint, type Place, pathOf, sameFingerprint, withFullReferences } from './names.ts';
import type { Task } from './operations.ts';
import type { ApiRequest } from './request.ts';
import type { Entry } from './store.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** What clients cannot set. */
const OUTPUT_ONLY = [
  'id',
  'kind',
  'creationTimestamp',
  'selfLink',
  'status',
  'fingerprint',
  'labelFingerprint',
  'zone',
  'region',
];

/** Calls that change something: checked at once, done by an operation. */
export class Writes {
  readonly #cloud: Cloud;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #requests = new Map<string, { fingerprint: string; operation: Operation }>();

  constructor(cloud: Cloud, kinds: ReadonlyMap<string, Kind>) {
    this.#cloud = cloud;
    this.#kinds = kinds;
  }

  /** insert, delete, patch, update, setLabels. @throws ApiError */
  handle(kind: Kind, request: ApiRequest): Operation {
    switch (request.verb) {
      case 'insert':
        return this.once(request, () => this.#insert(kind, request));
      case 'delete':
        return this.once(request, () => this.#delete(kind, request));
      case 'patch':
      case 'update':
        return this.once(request, () => this.#patch(kind, request));
      case 'setLabels':
        return this.once(request, () => this.#setLabels(kind, request));
      default:
        throw new ApiError(404, 'notFound', 'Not Found');
    }
  }

  /** A repeated request with the same id gets the first one's operation. @throws ApiError */
  once(request: ApiRequest, start: () => Task): Operation {
    const id = request.query.get('requestId') ?? undefined;
    if (id === undefined) return this.#cloud.operations.start(start(), request.failure);
    if (!UUID.test(id) || /^[0-]+$/.test(id))
      throw new ApiError(
        400,
        'invalid',
        `Invalid value for field 'requestId': '${id}'. Must be a valid UUID that is not zero.`,
      );
    const fingerprint = digest([request.action, request.scope, request.name, request.body]);
    const known = this.#requests.get(id);
    if (known && known.fingerprint !== fingerprint)
      throw new ApiError(
        400,
        'invalid',
        `Invalid value for field 'requestId': '${id}'. It was used for another request.`,
      );
    if (known) return this.#cloud.operations.get(request.scope, known.operation.name ?? '');
    const operation = this.#cloud.operations.start({ ...start(), requestId: id }, request.failure);
    this.#requests.set(id, { fingerprint, operation });
    return operation;
  }

  /** One that is ready to be changed. @throws ApiError */
  target<T = Body>(request: ApiRequest): Entry<T> {
    const { scope, collection, name } = request;
    const path = pathOf({ project: this.#cloud.project, scope, collection, name });
    const entry = this.#cloud.store.get<T>(path);
    if (entry.state !== 'ready') throw notReady(path);
    return entry;
  }

  #insert(kind: Kind, { scope, body, query }: ApiRequest): Task {
    const { store, project } = this.#cloud;
    checkName(body.name, 'resource.name');
    const place: Place = { project, scope, collection: kind.collection, name: body.name };
    const given = Object.fromEntries(
      Object.entries(withFullReferences(body, project)).filter(([key]) => !OUTPUT_ONLY.includes(key)),
    );
    // The service ignores labels where only setLabels may set them.
    if (kind.labels !== 'insert') delete given.labels;
    if (query.get('forceCreate') === 'true') given.forceCreate = true;
    const complete = kind.complete?.(given, place) ?? given;
    delete complete.forceCreate;
    this.#checkUses(kind, complete);
    const full = {
      ...withFullReferences(complete, project),
      ...(kind.fingerprint ? { fingerprint: newFingerprint() } : {}),
      ...(kind.labels ? { labelFingerprint: newFingerprint() } : {}),
    };
    const entry = kind.add?.(place, full) ?? store.add(place, `compute#${kind.resource}`, full, kind.visible ?? false);
    return {
      ...{ scope, type: 'insert', target: entry.path, targetId: String(entry.body.id) },
      work: async () => {
        await kind.make?.(entry);
        entry.state = 'ready';
      },
      undo: () => {
        if (store.find(entry.path) === entry) this.#forget(entry);
      },
    };
  }

  #delete(kind: Kind, request: ApiRequest): Task {
    const { store } = this.#cloud;
    const entry = this.target(request);
    const user = this.#userOf(kind, entry.path);
    if (user) throw inUse(kind.noun, entry.path, user);
    entry.state = 'leaving';
    return {
      ...{ scope: request.scope, type: 'delete', target: entry.path, targetId: String(entry.body.id) },
      work: async () => {
        await kind.remove?.(entry);
        store.remove(entry.path);
      },
      undo: () => {
        entry.state = 'ready';
      },
    };
  }

  #patch(kind: Kind, request: ApiRequest): Task {
    const { project } = this.#cloud;
    if (!kind.mutable) throw new ApiError(404, 'notFound', 'Not Found');
    const entry = this.target({
      ...request,
      name: request.name || String(request.query.get(kind.resource) ?? request.body.name),
    });
    const { fingerprint } = request.body;
    const mayMiss = request.verb === 'patch' && fingerprint === undefined;
    if (kind.fingerprint && !mayMiss && !sameFingerprint(fingerprint, entry.body.fingerprint)) throw staleFingerprint();
    const given = Object.fromEntries(
      Object.entries(withFullReferences(request.body, project)).filter(
        // Ports are the instance group's: a manager takes them when it is made only.
        ([key]) => !OUTPUT_ONLY.includes(key) && key !== 'name' && key !== 'namedPorts',
      ),
    );
    // A template alone means: this one for all.
    if (kind.collection === 'instanceGroupManagers' && given.instanceTemplate && !given.versions)
      given.versions = [{ instanceTemplate: given.instanceTemplate }];
    const change = (body: Body) => {
      const merged = request.verb === 'update' ? { ...kept(body), ...given } : merge(body, given);
      return kind.complete?.(merged, entry.place) ?? merged;
    };
    this.#checkUses(kind, change(entry.body));
    return {
      ...{ scope: request.scope, type: request.verb, target: entry.path, targetId: String(entry.body.id) },
      work: () => {
        const next = withFullReferences(change(entry.body), project);
        Object.assign(entry.body, next, kind.fingerprint ? { fingerprint: newFingerprint() } : {});
      },
    };
  }

  #setLabels(kind: Kind, request: ApiRequest): Task {
    if (!kind.labels) throw new ApiError(404, 'notFound', 'Not Found');
    const entry = this.target(request);
    if (!sameFingerprint(request.body.labelFingerprint, entry.body.labelFingerprint)) throw staleFingerprint(true);
    return {
      ...{ scope: request.scope, type: 'setLabels', target: entry.path, targetId: String(entry.body.id) },
      work: () => {
        entry.body.labels = request.body.labels ?? {};
        entry.body.labelFingerprint = newFingerprint();
      },
    };
  }

  #checkUses(kind: Kind, body: Body): void {
    for (const path of kind.uses?.(body) ?? []) if (path !== undefined) this.#cloud.store.getReady(path);
  }

  /** What uses a resource. */
  #userOf(kind: Kind, path: string): string | undefined {
    for (const entry of this.#cloud.store.all())
      if (this.#kinds.get(entry.place.collection)?.uses?.(entry.body).includes(path)) return entry.path;
    return kind.users?.(path)[0];
  }

  #forget(entry: Entry): void {
    const { store, project } = this.#cloud;
    store.remove(entry.path);
    if (entry.place.collection === 'instances')
      store.remove(`projects/${project}/${entry.place.scope}/disks/${entry.place.name}`);
  }
}

/** The output-only fields of a body. */
function kept(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([key]) => OUTPUT_ONLY.includes(key) || key === 'name'));
}

/** What PATCH means: objects are merged, null removes, everything else is replaced. */
function merge(old: Body, change: Body): Body {
  const result: Body = { ...old };
  for (const [key, value] of Object.entries(change)) {
    // A number and a percentage exclude each other.
    const amount = key === 'maxSurge' || key === 'maxUnavailable';
    const both = isObject(value) && isObject(result[key]) && !amount;
    if (value === null) delete result[key];
    else result[key] = both ? merge(result[key] as Body, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Body {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
