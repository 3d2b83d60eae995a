import { completeAutoscaler } from './autoscalers.ts';
import type { Cloud } from './cloud.ts';
import {
  completeAddress,
  completeBackendService,
  completeFirewall,
  completeHealthCheck,
  completeRule,
} from './complete.ts';
import { inUse, required } from './errors.ts';
import { completeGroup } from './group-versions.ts';
import { type Groups, groupLink, managerPath } from './groups.ts';
import { imageBody } from './images.ts';
import { checkProperties } from './instance-body.ts';
import type { Instances } from './instances.ts';
import type {
  Autoscaler,
  BackendService,
  Body,
  Firewall,
  ForwardingRule,
  Group,
  HealthCheck,
  Instance,
  Template,
  UrlMap,
} from './model.ts';
import { type Place, pathIn, pathOf } from './names.ts';
import type { Entry } from './store.ts';

type Level = 'global' | 'zones' | 'regions';

/** A kind of resource: what is special about it. */
export interface Kind {
  readonly collection: string;
  /** `instanceGroupManager`: its `kind`. */
  readonly resource: string;
  /** `instance_group_manager`: as errors call it. */
  readonly noun: string;
  readonly levels: readonly Level[];
  /** Clients see it while it is still being made. */
  readonly visible?: boolean;
  /** May be changed by PATCH, or by PUT where it has a fingerprint. */
  readonly mutable?: boolean;
  readonly fingerprint?: boolean;
  /** Whether it has labels, and whether they may be given from the start. */
  readonly labels?: 'insert' | 'setLabels';
  /** Paths of what it uses, which cannot be removed before it. */
  uses?(body: Body): (string | undefined)[];
  /** More that uses it, beside what resources say. */
  users?(path: string): string[];
  /** The resource that a request makes, with defaults. @throws ApiError */
  complete?(body: Body, place: Place): Body;
  /** Instead of noting the resource as it is. @throws ApiError */
  add?(place: Place, body: Body): Entry;
  /** Part of the operation. @throws LateError */
  make?(entry: Entry): Promise<void> | void;
  remove?(entry: Entry): Promise<void>;
}

interface Parts {
  readonly cloud: Cloud;
  readonly instances: Instances;
  readonly groups: Groups;
}

/** All kinds that the lab knows, by collection. */
export function kindsOf({ cloud, instances, groups }: Parts): ReadonlyMap<string, Kind> {
  const { project } = cloud;
  const at = (reference: unknown) => pathIn(reference, project);
  const list: Kind[] = [
    {
      ...{ collection: 'firewalls', resource: 'firewall', noun: 'firewall', levels: ['global'], mutable: true },
      complete: (body) => completeFirewall(body as Firewall, project),
    },
    {
      ...{
        collection: 'images',
        resource: 'image',
        noun: 'image',
        levels: ['global'],
        labels: 'insert',
        visible: true,
      },
      complete: (body) => imageBody(cloud, body),
      make: async (entry) => {
        await instances.makeImage(entry.place.name, at(entry.body.from) ?? '');
        delete entry.body.from;
        entry.body.status = 'READY';
      },
      remove: (entry) => cloud.machines.removeImage(entry.place.name),
    },
    {
      ...{
        collection: 'instanceTemplates',
        resource: 'instanceTemplate',
        noun: 'instance_template',
        levels: ['global', 'regions'],
      },
      complete: (body) => {
        const { properties } = body as Template;
        if (!properties) throw required('resource.properties');
        checkProperties(cloud, properties, 'resource.properties');
        return body;
      },
      users: (path) => groups.usersOf(path),
    },
    {
      ...{
        collection: 'instances',
        resource: 'instance',
        noun: 'instance',
        levels: ['zones'],
        labels: 'insert',
        visible: true,
      },
      add: (place, body) => instances.add(place, body as Instance) as Entry,
      make: (entry) => instances.launch(entry as Entry<Instance>),
      remove: (entry) => instances.remove(entry as Entry<Instance>),
    },
    {
      collection: 'disks',
      resource: 'disk',
      noun: 'disk',
      levels: ['zones'],
      labels: 'insert',
      uses: () => [],
      users: (path) => diskUsers(cloud, path),
    },
    {
      ...{
        collection: 'healthChecks',
        resource: 'healthCheck',
        noun: 'health_check',
        levels: ['global', 'regions'],
        mutable: true,
      },
      complete: (body) => completeHealthCheck(body as HealthCheck),
    },
    {
      ...{ collection: 'instanceGroupManagers', resource: 'instanceGroupManager', noun: 'instance_group_manager' },
      ...{ levels: ['zones', 'regions'], mutable: true, fingerprint: true, visible: true },
      complete: (body, place) => ({ ...completeGroup(body as Group, place), instanceGroup: groupLink(pathOf(place)) }),
      uses: (body) => {
        const { versions = [], autoHealingPolicies = [] } = body as Group;
        return [
          ...versions.map((each) => at(each.instanceTemplate)),
          ...autoHealingPolicies.map((each) => at(each.healthCheck)),
        ];
      },
      make: (entry) => groups.add(entry as Entry<Group>),
      remove: (entry) => groups.remove(entry as Entry<Group>),
    },
    {
      ...{
        collection: 'autoscalers',
        resource: 'autoscaler',
        noun: 'autoscaler',
        levels: ['zones', 'regions'],
        mutable: true,
      },
      complete: (body, place) => {
        const complete = { ...completeAutoscaler(body as Autoscaler) };
        const { target } = body as Autoscaler;
        const others = cloud.store.all<Autoscaler>('autoscalers').filter(({ path }) => path !== pathOf(place));
        const other = others.find((each) => at(each.body.target) === at(target));
        if (other) throw inUse('instance_group_manager', at(target) ?? '', other.path);
        return complete;
      },
      uses: (body) => [at((body as Autoscaler).target)],
    },
    {
      ...{
        collection: 'addresses',
        resource: 'address',
        noun: 'address',
        levels: ['global', 'regions'],
        labels: 'setLabels',
      },
      complete: (body, place) => completeAddress(cloud, body, place),
    },
    {
      ...{ collection: 'backendServices', resource: 'backendService', noun: 'backend_service', levels: ['global'] },
      ...{ mutable: true, fingerprint: true },
      complete: (body) => completeBackendService(body as BackendService),
      uses: (body) => {
        const { healthChecks = [], backends = [] } = body as BackendService;
        return [...(healthChecks ?? []).map(at), ...backends.map(({ group }) => managerPath(at(group) ?? ''))];
      },
    },
    {
      ...{
        collection: 'urlMaps',
        resource: 'urlMap',
        noun: 'url_map',
        levels: ['global'],
        mutable: true,
        fingerprint: true,
      },
      complete: (body) => {
        if (!body.defaultService && !body.defaultUrlRedirect) throw required('resource.defaultService');
        return body;
      },
      uses: (body) => {
        const { defaultService, pathMatchers = [] } = body as UrlMap;
        const paths = pathMatchers.flatMap((each) => [
          each.defaultService,
          ...(each.pathRules ?? []).map(({ service }) => service),
        ]);
        return [defaultService, ...paths].filter(Boolean).map(at);
      },
    },
    {
      ...{
        collection: 'targetHttpProxies',
        resource: 'targetHttpProxy',
        noun: 'target_http_proxy',
        levels: ['global'],
      },
      ...{ mutable: true, fingerprint: true },
      complete: (body) => {
        if (!body.urlMap) throw required('resource.urlMap');
        return { proxyBind: false, ...body };
      },
      uses: (body) => [at(body.urlMap)],
    },
    {
      ...{ collection: 'forwardingRules', resource: 'forwardingRule', noun: 'forwarding_rule', levels: ['global'] },
      ...{ labels: 'setLabels', fingerprint: true },
      complete: (body) => completeRule(cloud, body as ForwardingRule),
      uses: (body) => {
        const { target, IPAddress } = body as ForwardingRule;
        const own = cloud.store
          .all<{ address: string }>('addresses')
          .find(({ body: { address } }) => address === IPAddress);
        return [at(target), ...(own ? [own.path] : [])];
      },
    },
  ];
  return new Map(list.map((kind) => [kind.collection, kind]));
}

function diskUsers({ store, project }: Cloud, path: string): string[] {
  const users = store
    .all<Instance>('instances')
    .filter(({ body }) => body.disks?.some(({ source }) => pathIn(source, project) === path));
  return users.map((each) => each.path);
}
