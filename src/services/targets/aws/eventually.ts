import { CONTINUE, type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { pollUntil, type Wait } from '../../stack/poll.ts';
import type { Resource, ResourceContext } from '../../stack/resource.ts';
import { isAws } from './errors.ts';

/** How long something that was just made may take to be known everywhere. */
const SEEN_SECONDS = 60;
/** How long something may refuse to go after what used it is gone: EC2 detaches network interfaces at leisure. */
const FREE_SECONDS = 300;

/** Makes a call again for as long as EC2 answers with one of these codes. */
function callAgain<T>(
  context: ResourceContext,
  codes: readonly string[],
  call: () => Promise<T>,
  { why = reasonOf, ...wait }: Omit<Wait<T>, 'look'> & { readonly why?: (error: unknown) => string },
): Promise<T> {
  return pollUntil(context, {
    ...wait,
    look: () =>
      call().then(
        (done) => ({ done }),
        (error: unknown) => {
          if (isAws(error, ...codes)) return { reason: why(error) };
          throw error;
        },
      ),
  });
}

/** Something that was just made is not known everywhere at once: not found means not yet, for a while. */
export function eventually<T>(
  context: ResourceContext,
  key: string,
  notFound: readonly string[],
  call: () => Promise<T>,
): Promise<T> {
  const late = (reason: string) => neverSeen(key, reason);
  return callAgain(context, notFound, call, { key, action: 'create', deadlineSeconds: SEEN_SECONDS, late });
}

/** A resource that was just made and must be seen by its tags before another can point to it. */
export function eventuallyFound<Spec, Live>(context: ResourceContext, resource: Resource<Spec, Live>): Promise<Live> {
  const { key } = resource;
  return pollUntil(context, {
    key,
    action: 'create',
    deadlineSeconds: SEEN_SECONDS,
    async look() {
      const live = await resource.find(context);
      return live === undefined ? { reason: `EC2 does not show ${key} yet` } : { done: live };
    },
    late: (reason) => neverSeen(key, reason),
  });
}

function neverSeen(key: string, reason: string): RemedyError {
  const message = `what was just made for ${key} did not show up within a minute: ${reason}`;
  return remedy.unhealthy('aws-inconsistent', message, [CONTINUE]);
}

/**
 * Deletes what EC2 may still count as in use.
 *
 * @param what it is, for a person, and what it costs while it is there
 */
export function deleteOnceFree(
  context: ResourceContext,
  key: string,
  { what, cost }: { readonly what: string; readonly cost: string },
  inUse: readonly string[],
  call: () => Promise<unknown>,
): Promise<unknown> {
  return callAgain(context, inUse, call, {
    key,
    action: 'remove',
    deadlineSeconds: FREE_SECONDS,
    why: () => 'EC2 still counts it as in use',
    late: (reason) =>
      remedy.leftovers('aws-in-use', `${what} could not be deleted within ${FREE_SECONDS / 60} minutes: ${reason}`, [
        `run "chainctl teardown aws" again in some minutes: ${cost}`,
      ]),
  });
}
