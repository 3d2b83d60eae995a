import { machineTypes, zones } from './catalogue.ts';
import type { Cloud } from './cloud.ts';
import { showAddress } from './complete.ts';
import { ApiError, notFound } from './errors.ts';
import { type Groups, managerPath } from './groups.ts';
import { resolveImage } from './instance-body.ts';
import type { Kind } from './kinds.ts';
import { aggregated, page } from './lists.ts';
import type { Body } from './model.ts';
import { lastPart, linkTo, type Place, pathOf } from './names.ts';
import { checkScope, fixed, foreign, projectLevel } from './public.ts';
import type { ApiRequest } from './request.ts';
import { type Specials, special } from './specials.ts';
import { Writes } from './writes.ts';

/** Answers calls: reading here, changes in `Writes`, what only some resources can in `specials`. */
export class Api {
  readonly #cloud: Cloud;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #groups: Groups;
  readonly #writes: Writes;
  readonly #specials: Specials;

  constructor(cloud: Cloud, kinds: ReadonlyMap<string, Kind>, groups: Groups, parts: Parameters<typeof special>[2]) {
    this.#cloud = cloud;
    this.#kinds = kinds;
    this.#groups = groups;
    this.#writes = new Writes(cloud, kinds);
    this.#specials = special(cloud, this.#writes, parts);
  }

  /** @throws ApiError */
  async handle(request: ApiRequest): Promise<Body> {
    const { project, store } = this.#cloud;
    const { scope, collection, name, verb } = request;
    if (request.project !== project) return foreign(this.#cloud, request);
    if (scope === 'project') return projectLevel(this.#cloud, request);
    if (scope === 'aggregated') return this.#aggregated(request);
    checkScope(scope);
    if (collection === 'operations') return this.#operation(request);
    const own = this.#specials[`${collection}.${verb}`];
    if (own) return (await own(request)) as Body;
    if (collection === 'images' && verb === 'getFromFamily')
      return { ...resolveImage(this.#cloud, `projects/${project}/global/images/family/${name}`) };
    if (collection === 'instanceGroups') return this.#instanceGroups(request);
    const given = fixed(this.#cloud, request);
    if (given) return given;
    const kind = this.#kinds.get(collection);
    if (!kind?.levels.some((level) => level === scope.split('/')[0])) throw new ApiError(404, 'notFound', 'Not Found');
    const place: Place = { project, scope, collection, name };
    switch (verb) {
      case 'get':
        return this.#shown(kind, pathOf(place), store.get(pathOf(place)).body);
      case 'list': {
        const all = store.list(collection, scope).map(({ path, body }) => this.#shown(kind, path, body));
        return page(`${kind.resource}List`, `projects/${project}/${scope}/${collection}`, all, request.query);
      }
      default:
        return (await this.#writes.handle(kind, request)) as Body;
    }
  }

  #shown(kind: Kind, path: string, body: Body): Body {
    // What a group says of itself must already know of the change that was just made.
    if (kind.collection === 'instanceGroupManagers') this.#groups.tick(path);
    return kind.collection === 'addresses' ? showAddress(this.#cloud, body) : body;
  }

  #aggregated({ collection, query }: ApiRequest): Body {
    const { project, store, operations } = this.#cloud;
    const path = `projects/${project}/aggregated/${collection}`;
    if (collection === 'instanceGroups') {
      const all = this.#groups
        .all()
        .map((group) => ({ scope: group.entry.place.scope, body: this.#groups.instanceGroup(group) }));
      return aggregated('instanceGroup', path, collection, all, query);
    }
    if (collection === 'machineTypes') {
      const all = zones().flatMap((zone) =>
        machineTypes(project, zone).map((body) => ({ scope: `zones/${zone}`, body })),
      );
      return aggregated('machineType', path, collection, all, query);
    }
    if (collection === 'operations') {
      const all = operations.list().map(({ scope, body }) => ({ scope, body: body as Body }));
      return aggregated('operation', path, collection, all, query);
    }
    const kind = this.#kinds.get(collection);
    const all = store
      .list(collection)
      .map((each) => ({ scope: each.place.scope, body: kind ? this.#shown(kind, each.path, each.body) : each.body }));
    return aggregated(kind?.resource ?? collection.slice(0, -1), path, collection, all, query);
  }

  async #operation({ scope, name, verb, query }: ApiRequest): Promise<Body> {
    const { operations, project } = this.#cloud;
    if (verb === 'list') {
      const all = operations.list().flatMap((each) => (each.scope === scope ? [each.body as Body] : []));
      return page('operationList', `projects/${project}/${scope}/operations`, all, query);
    }
    if (verb === 'wait') return (await operations.wait(scope, name)) as Body;
    if (verb === 'delete') operations.remove(scope, name);
    return verb === 'delete' ? {} : (operations.get(scope, name) as Body);
  }

  async #instanceGroups(request: ApiRequest): Promise<Body> {
    const { project } = this.#cloud;
    const { scope, name, verb, query } = request;
    const here = this.#groups.all().filter(({ entry }) => entry.place.scope === scope);
    if (verb === 'list') {
      const all = here.map((each) => this.#groups.instanceGroup(each));
      return page('instanceGroupList', `projects/${project}/${scope}/instanceGroups`, all, query);
    }
    const path = `projects/${project}/${scope}/instanceGroups/${name}`;
    const group = this.#groups.get(managerPath(path));
    if (!group) throw notFound(path);
    if (verb === 'get') return this.#groups.instanceGroup(group);
    if (verb === 'listInstances') {
      const all = group
        .running()
        .map(({ entry }) => ({ instance: linkTo(entry.path), status: entry.body.status, name: lastPart(entry.path) }));
      return page('instanceGroupsListInstances', `${path}/listInstances`, all, query);
    }
    throw new ApiError(404, 'notFound', 'Not Found');
  }
}
