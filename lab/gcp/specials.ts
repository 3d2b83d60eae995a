import type { Balancing } from './balancing.ts';
import type { Cloud } from './cloud.ts';
import { ApiError, invalid, notFound, required, staleFingerprint } from './errors.ts';
import { shownError } from './group-versions.ts';
import { type Groups, managerPath, namedInstances } from './groups.ts';
import { checkMetadata } from './instance-body.ts';
import type { Instances } from './instances.ts';
import { page } from './lists.ts';
import type { BackendService, Body, Group, Instance } from './model.ts';
import { checkName, linkTo, newFingerprint, pathIn, sameFingerprint } from './names.ts';
import type { Task } from './operations.ts';
import type { ApiRequest } from './request.ts';
import type { Writes } from './writes.ts';

export type Specials = Readonly<Record<string, (request: ApiRequest) => unknown>>;

/** Methods that only some resources have, by `collection.verb`. */
export function special(
  cloud: Cloud,
  writes: Writes,
  { instances, groups, balancing }: { instances: Instances; groups: Groups; balancing: Balancing },
): Specials {
  const task = (
    request: ApiRequest,
    work: (entry: ReturnType<typeof writes.target<Instance>>) => Promise<void> | void,
  ) => {
    return writes.once(request, (): Task => {
      const entry = writes.target<Instance>(request);
      const id = String((entry.body as { id?: string }).id);
      return { scope: request.scope, type: request.verb, target: entry.path, targetId: id, work: () => work(entry) };
    });
  };
  const managed = (
    request: ApiRequest,
    work: (group: NonNullable<ReturnType<Groups['get']>>) => void,
    check?: () => void,
  ) =>
    writes.once(request, (): Task => {
      const entry = writes.target<Group>(request);
      check?.();
      const type = `compute.instanceGroupManagers.${request.verb}`;
      const group = groups.get(entry.path);
      if (!group) throw notFound(entry.path);
      return {
        scope: request.scope,
        type,
        target: entry.path,
        targetId: String((entry.body as Body).id),
        work: () => work(group),
      };
    });
  const group = (request: ApiRequest) => {
    const path = `projects/${cloud.project}/${request.scope}/instanceGroupManagers/${request.name}`;
    cloud.store.get(path);
    return groups.get(path);
  };

  /** Lets something use another thing. */
  const points = (request: ApiRequest, field: string) =>
    writes.once(request, (): Task => {
      const entry = writes.target(request);
      const path = pathIn(request.body[field], cloud.project);
      if (path === undefined) throw required(field);
      cloud.store.getReady(path);
      const targetId = String(entry.body.id);
      const work = () => {
        entry.body[field] = linkTo(path);
        entry.body.fingerprint = newFingerprint();
      };
      return { scope: request.scope, type: request.verb, target: entry.path, targetId, work };
    });

  return {
    'instances.stop': (request) => task(request, (entry) => instances.stop(entry)),
    'instances.start': (request) => task(request, (entry) => instances.start(entry)),
    'instances.reset': (request) => task(request, (entry) => instances.reset(entry)),
    'instances.setMetadata': (request) => {
      checkMetadata(request.body as Instance['metadata'], 'metadata');
      const entry = writes.target<Instance>(request);
      if (!sameFingerprint(request.body.fingerprint, entry.body.metadata?.fingerprint)) throw staleFingerprint();
      return task(request, ({ body }) => {
        body.metadata = { kind: 'compute#metadata', ...request.body, fingerprint: newFingerprint() };
      });
    },
    'instances.serialPort': async ({ scope, name, query }) => {
      const path = `projects/${cloud.project}/${scope}/instances/${name}`;
      cloud.store.get(path);
      const text = (await instances.machine(path)?.consoleOutput()) ?? '';
      const start = Number(query.get('start') ?? 0);
      return {
        ...{
          kind: 'compute#serialPortOutput',
          contents: text.slice(start),
          start: String(start),
          next: String(text.length),
        },
        selfLink: linkTo(`${path}/serialPort`),
      };
    },
    'instanceGroupManagers.resize': (request) => {
      const size = Number(request.query.get('size') ?? Number.NaN);
      return managed(
        request,
        ({ entry }) => {
          entry.body.targetSize = size;
        },
        () => {
          if (!request.query.has('size')) throw required('size');
          if (!Number.isInteger(size) || size < 0) throw invalid('size', size, 'Must be greater than or equal to 0');
        },
      );
    },
    'instanceGroupManagers.deleteInstances': (request) =>
      managed(
        request,
        (each) => each.removeInstances(namedInstances(request.body)),
        () => checkMembers(group(request), request),
      ),
    'instanceGroupManagers.recreateInstances': (request) =>
      managed(
        request,
        (each) => each.recreateInstances(namedInstances(request.body)),
        () => checkMembers(group(request), request),
      ),
    'instanceGroupManagers.listManagedInstances': (request) => {
      const all = group(request)?.managedInstances() ?? [];
      const path = `projects/${cloud.project}/${request.scope}/instanceGroupManagers/${request.name}`;
      const { managedInstances, nextPageToken } = page('', path, all as Body[], request.query, 'managedInstances');
      return { ...(managedInstances ? { managedInstances } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
    },
    'instanceGroupManagers.listErrors': (request) => {
      const errors = (group(request)?.errors ?? []).map(({ member, action, error, at }) => ({
        error: shownError(error),
        instanceActionDetails: {
          action,
          instance: linkTo(member.path),
          version: { instanceTemplate: linkTo(member.template) },
        },
        timestamp: at,
      }));
      const { items, nextPageToken } = page('', '', errors, request.query);
      return { ...(items ? { items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
    },
    'instanceGroups.setNamedPorts': (request) => {
      const path = managerPath(`projects/${cloud.project}/${request.scope}/instanceGroups/${request.name}`);
      const entry = cloud.store.getReady<Group>(path);
      const ports = (request.body.namedPorts ?? []) as { name?: string; port?: number }[];
      for (const [i, { name }] of ports.entries()) checkName(name, `namedPorts[${i}].name`);
      const { fingerprint } = request.body;
      if (fingerprint !== undefined && !sameFingerprint(fingerprint, entry.body.fingerprint)) throw staleFingerprint();
      return writes.once(request, () => ({
        ...{
          scope: request.scope,
          type: 'setNamedPorts',
          target: path.replace('instanceGroupManagers', 'instanceGroups'),
        },
        work: () => {
          entry.body.namedPorts = ports;
          entry.body.fingerprint = newFingerprint();
        },
      }));
    },
    'targetHttpProxies.setUrlMap': (request) => points(request, 'urlMap'),
    'forwardingRules.setTarget': (request) => points(request, 'target'),
    'backendServices.getHealth': (request) => {
      const path = `projects/${cloud.project}/${request.scope}/backendServices/${request.name}`;
      const service = cloud.store.get<BackendService>(path);
      if (!request.body.group) throw required('resource.group');
      return balancing.health(service, String(request.body.group));
    },
  };
}

function checkMembers(group: ReturnType<Groups['get']>, { body }: ApiRequest): void {
  const names = namedInstances(body);
  if (names.length === 0) throw required('instances');
  const stranger = names.find((name) => !group?.has(name));
  if (stranger !== undefined)
    throw new ApiError(
      400,
      'invalid',
      `Invalid value for field 'instances': '${stranger}'. Instance is not a member of the managed instance group.`,
    );
}
