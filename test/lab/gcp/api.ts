import {
  IMAGE_PROJECTS,
  machineTypes,
  publicImages,
  regionBody,
  regions,
  vcpusOf,
  zoneBody,
  zones,
} from './catalogue.ts';
import { type Cloud, quotasOf } from './cloud.ts';
import { showAddress } from './complete.ts';
import { ApiError, notFound } from './errors.ts';
import { type Groups, managerPath } from './groups.ts';
import { resolveImage } from './instance-body.ts';
import type { Kind } from './kinds.ts';
import { aggregated, page } from './lists.ts';
import type { Body } from './model.ts';
import { lastPart, linkTo, type Place, pathOf } from './names.ts';
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
    if (request.project !== project) return this.#foreign(request);
    if (scope === 'project') return this.#projectLevel(request);
    if (scope === 'aggregated') return this.#aggregated(request);
    this.#checkScope(scope);
    if (collection === 'operations') return this.#operation(request);
    const own = this.#specials[`${collection}.${verb}`];
    if (own) return (await own(request)) as Body;
    if (collection === 'images' && verb === 'getFromFamily')
      return { ...resolveImage(this.#cloud, `projects/${project}/global/images/family/${name}`) };
    if (collection === 'instanceGroups') return this.#instanceGroups(request);
    const fixed = this.#fixed(request);
    if (fixed) return fixed;
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

  #projectLevel({ collection, name, query }: ApiRequest): Body {
    const { project } = this.#cloud;
    if (collection === 'projects') {
      return {
        ...{
          kind: 'compute#project',
          id: '7000000000000000000',
          name: project,
          selfLink: linkTo(`projects/${project}`),
        },
        ...{
          creationTimestamp: '2026-01-01T00:00:00.000-00:00',
          defaultNetworkTier: 'PREMIUM',
          xpnProjectStatus: 'UNSPECIFIED_XPN_PROJECT_STATUS',
        },
        ...{ commonInstanceMetadata: { kind: 'compute#metadata', fingerprint: 'bGFi' } },
        defaultServiceAccount: '123456789012-compute@developer.gserviceaccount.com',
        quotas: ['IMAGES', 'FIREWALLS', 'BACKEND_SERVICES'].map((metric) => ({ metric, limit: 100, usage: 0 })),
      };
    }
    const quotas = (region: string) => quotasOf(this.#cloud, region);
    const all =
      collection === 'zones'
        ? zones().map((each) => zoneBody(project, each))
        : regions().map((each) => regionBody(project, each, quotas(each)));
    if (name === '') return page(`${collection.slice(0, -1)}List`, `projects/${project}/${collection}`, all, query);
    const found = all.find((each) => each.name === name);
    if (!found) throw notFound(`projects/${project}/${collection}/${name}`);
    return found;
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

  /** What cannot be changed: machine types, networks, routers (there are none). */
  #fixed({ scope, collection, name, verb, query }: ApiRequest): Body | undefined {
    const { project } = this.#cloud;
    const fixed: Record<string, () => [string, Body[]]> = {
      machineTypes: () => ['machineType', machineTypes(project, lastPart(scope))],
      networks: () => ['network', [networkBody(project)]],
      routers: () => ['router', []],
      routes: () => ['route', []],
      subnetworks: () => ['subnetwork', [subnetworkBody(project, lastPart(scope))]],
    };
    const [kind, all] = fixed[collection]?.() ?? [];
    if (!kind || !all) return undefined;
    const path = `projects/${project}/${scope}/${collection}`;
    if (verb === 'list') return page(`${kind}List`, path, all, query);
    const found = all.find((each) => each.name === name);
    if (verb !== 'get' || !found || (collection === 'machineTypes' && vcpusOf(name) === undefined))
      throw notFound(`${path}/${name}`);
    return found;
  }

  /** Of other projects, only public images may be seen. */
  #foreign({ project, collection, name, verb, query }: ApiRequest): Body {
    if (!IMAGE_PROJECTS.includes(project) || collection !== 'images') {
      const message = `Required 'compute.${collection}.${verb}' permission for 'projects/${project}'`;
      throw new ApiError(403, 'forbidden', message);
    }
    const all = publicImages(project) as Body[];
    if (verb === 'list') return page('imageList', `projects/${project}/global/images`, all, query);
    const family = verb === 'getFromFamily';
    return { ...resolveImage(this.#cloud, `projects/${project}/global/images/${family ? 'family/' : ''}${name}`) };
  }

  #checkScope(scope: string): void {
    const [level, where = ''] = scope.split('/');
    const known = level === 'zones' ? zones() : level === 'regions' ? regions() : [''];
    if (known.includes(where)) return;
    const field = level === 'zones' ? 'zone' : 'region';
    throw new ApiError(400, 'invalid', `Invalid value for field '${field}': '${where}'. Unknown ${field}.`);
  }
}

function networkBody(project: string): Body {
  return {
    ...{
      kind: 'compute#network',
      id: '1',
      name: 'default',
      autoCreateSubnetworks: true,
      description: 'Default network for the project',
    },
    ...{ selfLink: linkTo(`projects/${project}/global/networks/default`), routingConfig: { routingMode: 'REGIONAL' } },
    subnetworks: regions().map((each) => linkTo(`projects/${project}/regions/${each}/subnetworks/default`)),
  };
}

function subnetworkBody(project: string, region: string): Body {
  return {
    ...{
      kind: 'compute#subnetwork',
      id: '1',
      name: 'default',
      ipCidrRange: '10.156.0.0/20',
      gatewayAddress: '10.156.0.1',
    },
    ...{
      network: linkTo(`projects/${project}/global/networks/default`),
      region: linkTo(`projects/${project}/regions/${region}`),
    },
    selfLink: linkTo(`projects/${project}/regions/${region}/subnetworks/default`),
  };
}
