import type { Resource } from '../../stack/resource.ts';
import { BACKEND } from './backend.ts';
import type { Compute } from './compute.ts';
import type { TargetHttpProxy, UrlMap } from './compute-calls.ts';
import { type Ownership, objectName } from './names.ts';
import { namedObject, patchStep } from './object.ts';
import { change, removeObject } from './operations.ts';
import { globalPath, samePath } from './paths.ts';

const URL_MAP = 'url-map';
export const PROXY = 'http-proxy';

type Nothing = Readonly<Record<string, never>>;

/** Every path goes to service B. */
export function urlMap(compute: Compute, owner: Ownership): Resource<Nothing, UrlMap> & { readonly name: string } {
  const defaultService = globalPath(compute, 'backendServices', objectName(owner.stack, BACKEND));
  return namedObject<Nothing, UrlMap>(owner, {
    key: URL_MAP,
    dependsOn: [BACKEND],
    beside: [BACKEND],
    get: (name, signal) => compute.read('urlMaps.get', { urlMap: name }, signal),
    async insert(context, _spec, made, step) {
      await change(compute, context, 'urlMaps.insert', { urlMapResource: { ...made, defaultService } }, step);
    },
    differences: (_spec, raw) => [
      ...(samePath(raw.defaultService, defaultService) ? [] : ['sends to another backend service']),
      ...(raw.hostRules?.length ? ['has rules for hosts'] : []),
    ],
    async patch(context, _spec, raw) {
      const { name, description, fingerprint } = raw;
      // Not a patch: rules that somebody added are to go.
      const urlMapResource = {
        name: name ?? '',
        description: description ?? '',
        fingerprint: fingerprint ?? '',
        defaultService,
      };
      await change(compute, context, 'urlMaps.update', { urlMap: name ?? '', urlMapResource }, patchStep(URL_MAP));
    },
    remove: (context, name) => removeObject(compute, context, 'urlMaps.delete', { urlMap: name }, { key: URL_MAP }),
    identify: () => ({}),
  });
}

/** Ends HTTP connections of clients. */
export function httpProxy(
  compute: Compute,
  owner: Ownership,
): Resource<Nothing, TargetHttpProxy> & { readonly name: string } {
  const wanted = globalPath(compute, 'urlMaps', objectName(owner.stack, URL_MAP));
  return namedObject<Nothing, TargetHttpProxy>(owner, {
    key: PROXY,
    dependsOn: [URL_MAP],
    beside: [URL_MAP],
    get: (name, signal) => compute.read('targetHttpProxies.get', { targetHttpProxy: name }, signal),
    async insert(context, _spec, made, step) {
      const input = { targetHttpProxyResource: { ...made, urlMap: wanted } };
      await change(compute, context, 'targetHttpProxies.insert', input, step);
    },
    differences: (_spec, raw) => (samePath(raw.urlMap, wanted) ? [] : ['uses another URL map']),
    async patch(context, _spec, raw) {
      const input = { targetHttpProxy: raw.name ?? '', urlMapReferenceResource: { urlMap: wanted } };
      await change(compute, context, 'targetHttpProxies.setUrlMap', input, patchStep(PROXY));
    },
    remove: (context, name) =>
      removeObject(compute, context, 'targetHttpProxies.delete', { targetHttpProxy: name }, { key: PROXY }),
    identify: () => ({}),
  });
}
