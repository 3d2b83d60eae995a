import type { Resource } from './resource.ts';

/**
 * For a key of the state that is no object of the place itself: it goes with another one, or is of another version of this
 * program. There is nothing to find and nothing to remove.
 */
export function goneWithTheRest(key: string): Resource<unknown, unknown> {
  return {
    key,
    dependsOn: [],
    find: async () => undefined,
    diff: () => 'same',
    create: () => Promise.reject(new Error(`${key} is nothing that can be made`)),
    ready: async () => {},
    remove: async () => {},
    identify: () => ({}),
  };
}
