import { type RemedyError, remedy } from '../../../../errors.ts';
import { pollUntil } from '../../../stack/poll.ts';
import type { Ownership, ResourceContext } from '../../../stack/resource.ts';
import type { Compute } from '../compute.ts';
import type { Instance } from '../compute-calls.ts';
import { isGcp } from '../errors.ts';
import { labelsOf } from '../names.ts';
import { namedObject } from '../object.ts';
import { change } from '../operations.ts';
import type { Builder } from './builder.ts';

const IMAGE = 'image-';
/** Ten GB take a minute or two. */
const IMAGE_SECONDS = 1200;

/** Stands in the state file beside the key, which says what is in the image. */
export interface ImageSpec {
  readonly model: string;
  readonly diskGb: number;
}

export function imageKey(hash: string): string {
  return `${IMAGE}${hash}`;
}

export function isImageKey(key: string): boolean {
  return /^image-[0-9a-f]{16}$/.test(key);
}

export interface ImageDeps {
  readonly builder: Builder;
  /** Gets the builder to where its disk is what the image is to be, and stops it. */
  bake(context: ResourceContext): Promise<Instance>;
}

/**
 * The image with this content, named by it, so that it is found and made once. Its builder lives from the beginning of
 * `create` to its end; killed in between, the same command finds it and goes on.
 *
 * @param dependsOn what lets the operator in
 */
export function bakedImage(
  compute: Compute,
  owner: Ownership,
  key: string,
  dependsOn: readonly string[],
  deps?: ImageDeps,
) {
  return namedObject<ImageSpec, 'images'>(compute, owner, 'images', {
    key,
    dependsOn,
    // Its builder is logged in to; what is baked already needs nobody.
    toMake: dependsOn,
    async insert(context, _spec, made, step) {
      if (deps === undefined) throw new Error('a handle for removal cannot create');
      const { builder } = deps;
      const vm = await deps.bake(context);
      const sourceDisk = vm.disks?.[0]?.source;
      if (!sourceDisk) throw new Error(`the VM ${builder.name} has no disk`);
      const imageResource = { ...made, labels: labelsOf(owner, key), sourceDisk };
      context.emit({ type: 'step-waiting', key, action: 'create', reason: `making an image of ${builder.name}` });
      const patient = { ...step, deadlineSeconds: IMAGE_SECONDS };
      await change(compute, context, 'images.insert', { imageResource }, patient).catch((error: unknown) => {
        if (!isGcp(error, 'alreadyExists')) throw error;
      });
      await builder.remove(context, vm);
    },
    // One that could not be made is made again.
    factsOf: ({ status }) => ({ failed: status === 'FAILED' }),
    fixed: ['failed'],
    patch: async () => {},
    // Who may log in to the builder is of no account once there is an image.
    whenReplaced: () => 'same',
    async ready(context, { name }) {
      await pollUntil(context, {
        key,
        action: 'ready',
        deadlineSeconds: IMAGE_SECONDS,
        async look() {
          const { status } = await compute.read('images.get', { image: name ?? '' }, context.signal);
          if (status === 'FAILED') throw failed(name ?? key);
          return status === 'READY' ? { done: true } : { reason: `the image ${name} is ${status}` };
        },
        late: (reason) =>
          remedy.unhealthy('not-ready', `${reason} after ${IMAGE_SECONDS} s`, [
            'run the same command again: it goes on waiting',
            'or boot without an image: --no-bake',
          ]),
      });
    },
    identify: ({ diskSizeGb }) => (diskSizeGb ? { diskGb: Number(diskSizeGb) } : {}),
  });
}

function failed(name: string): RemedyError {
  return remedy.unhealthy('gcp-image-failed', `Compute Engine could not make the image ${name}`, [
    'run the same command again: it makes the image again',
    'or boot without an image: --no-bake',
  ]);
}
