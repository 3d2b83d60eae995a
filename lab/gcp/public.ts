import { machineTypes, publicImages, regionBody, regions, vcpusOf, zoneBody, zones } from './catalogue.ts';
import { type Cloud, quotasOf } from './cloud.ts';
import { ApiError, notFound } from './errors.ts';
import { resolveImage } from './instance-body.ts';
import { page } from './lists.ts';
import type { Body } from './model.ts';
import { lastPart, linkTo } from './names.ts';
import type { ApiRequest } from './request.ts';

/** The project, its zones and regions. @throws ApiError `notFound` */
export function projectLevel(cloud: Cloud, { collection, name, query }: ApiRequest): Body {
  const { project } = cloud;
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
  const quotas = (region: string) => quotasOf(cloud, region);
  const all =
    collection === 'zones'
      ? zones().map((each) => zoneBody(project, each))
      : regions().map((each) => regionBody(project, each, quotas(each)));
  if (name === '') return page(`${collection.slice(0, -1)}List`, `projects/${project}/${collection}`, all, query);
  const found = all.find((each) => each.name === name);
  if (!found) throw notFound(`projects/${project}/${collection}/${name}`);
  return found;
}

/** What cannot be changed: machine types, networks, routers (there are none). */
export function fixed({ project }: Cloud, { scope, collection, name, verb, query }: ApiRequest): Body | undefined {
  const lists: Record<string, () => [string, Body[]]> = {
    machineTypes: () => ['machineType', machineTypes(project, lastPart(scope))],
    networks: () => ['network', [networkBody(project)]],
    routers: () => ['router', []],
    routes: () => ['route', []],
    subnetworks: () => ['subnetwork', [subnetworkBody(project, lastPart(scope))]],
  };
  const [kind, all] = lists[collection]?.() ?? [];
  if (!kind || !all) return undefined;
  const path = `projects/${project}/${scope}/${collection}`;
  if (verb === 'list') return page(`${kind}List`, path, all, query);
  const found = all.find((each) => each.name === name);
  if (verb !== 'get' || !found || (collection === 'machineTypes' && vcpusOf(name) === undefined))
    throw notFound(`${path}/${name}`);
  return found;
}

/** Of other projects, only public images may be seen. */
export function foreign(cloud: Cloud, { project, collection, name, verb, query }: ApiRequest): Body {
  // gcloud asks all of Google's own; those that the lab knows no image of have none.
  if (!/-(cloud|accelerator-images)$/.test(project) || collection !== 'images') {
    const message = `Required 'compute.${collection}.${verb}' permission for 'projects/${project}'`;
    throw new ApiError(403, 'forbidden', message);
  }
  const all = publicImages(project) as Body[];
  if (verb === 'list') return page('imageList', `projects/${project}/global/images`, all, query);
  const family = verb === 'getFromFamily';
  return { ...resolveImage(cloud, `projects/${project}/global/images/${family ? 'family/' : ''}${name}`) };
}

/** @throws ApiError `invalid` for a zone or region that there is not */
export function checkScope(scope: string): void {
  const [level, where = ''] = scope.split('/');
  const known = level === 'zones' ? zones() : level === 'regions' ? regions() : [''];
  if (known.includes(where)) return;
  const field = level === 'zones' ? 'zone' : 'region';
  throw new ApiError(400, 'invalid', `Invalid value for field '${field}': '${where}'. Unknown ${field}.`);
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
