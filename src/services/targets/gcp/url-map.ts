import { BACKEND } from './backend.ts';
import type { Compute } from './compute.ts';
import type { TargetHttpProxy, UrlMap } from './compute-calls.ts';
import { globalObject } from './global-object.ts';
import { type Ownership, objectName } from './names.ts';
import { patchStep } from './object.ts';
import { change } from './operations.ts';
import { globalPath, samePath } from './paths.ts';

const URL_MAP = 'url-map';
export const PROXY = 'http-proxy';

type Nothing = Readonly<Record<string, never>>;

/** Every path goes to service B. */
export function urlMap(compute: Compute, owner: Ownership) {
  const defaultService = globalPath(compute, 'backendServices', objectName(owner.stack, BACKEND));
  return globalObject<Nothing, UrlMap>(compute, owner, 'urlMaps', {
    key: URL_MAP,
    dependsOn: [BACKEND],
    beside: [BACKEND],
    bodyOf: () => ({ defaultService }),
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
  });
}

/** Ends HTTP connections of clients. */
export function httpProxy(compute: Compute, owner: Ownership) {
  const wanted = globalPath(compute, 'urlMaps', objectName(owner.stack, URL_MAP));
  return globalObject<Nothing, TargetHttpProxy>(compute, owner, 'targetHttpProxies', {
    key: PROXY,
    dependsOn: [URL_MAP],
    beside: [URL_MAP],
    bodyOf: () => ({ urlMap: wanted }),
    differences: (_spec, raw) => (samePath(raw.urlMap, wanted) ? [] : ['uses another URL map']),
    async patch(context, _spec, raw) {
      const input = { targetHttpProxy: raw.name ?? '', urlMapReferenceResource: { urlMap: wanted } };
      await change(compute, context, 'targetHttpProxies.setUrlMap', input, patchStep(PROXY));
    },
  });
}
