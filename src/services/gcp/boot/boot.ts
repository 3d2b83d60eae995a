import type { HostSessions } from '../../host/sessions.ts';
import { type HostTemplates, shortHash } from '../../host/templates.ts';
import { desire, type Resource } from '../../stack/resource.ts';
import type { Boot, BootTarget } from '../boot-source.ts';
import type { Compute } from '../compute.ts';
import { nameFilter, type Ownership, readMarker } from '../names.ts';
import { globalPath } from '../paths.ts';
import { bake } from './bake.ts';
import { builder, builderKey, isBuilderKey } from './builder.ts';
import { type BootRequest, builderSpecOf, imageHash, publicImage, specOf } from './content.ts';
import { bakedImage, imageKey, isImageKey } from './image.ts';
import { type LoginKeys, loginMetadata } from './login.ts';
import { checkMetadata, type Metadata, releaseMetadata, settingsMetadata } from './metadata.ts';

/** From the start of a VM to its first answer: everything is on the disk, which is read for the first time. */
const BAKED_SECONDS = 420;
/** Docker, two images and a model are downloaded before. */
const UNBAKED_SECONDS = 1200;

export interface BootDeps {
  readonly compute: Compute;
  readonly owner: Ownership;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
  /** undefined in a dry run of a stack that has none yet. */
  readonly keys: LoginKeys | undefined;
  /** The bearer token itself; undefined for a chain that is open. */
  readonly token: string | undefined;
  /** Keys of what lets the operator log in to the builder. */
  readonly dependsOn: readonly string[];
}

/**
 * What the VMs of service B boot from, and what has to be made for it. Nothing is called.
 *
 * @throws RemedyError (exit 2) when it does not fit into the metadata
 */
export async function bootOf(request: BootRequest, deps: BootDeps): Promise<Boot> {
  const { compute, owner, templates, keys, token } = deps;
  const spec = specOf(request, templates, token);
  const input = { stack: owner.stack, spec, templates: templates.services.b, token };
  const settings = settingsMetadata(input);
  const login = (installDocker: boolean): Metadata =>
    keys === undefined ? {} : loginMetadata(keys, { boot: templates.boot, installDocker });
  const { diskGb } = request;
  if (!request.bake) {
    const image = publicImage(request.type);
    const known = {
      ...settings,
      ...login(false),
      'startup-script': templates.boot.serve,
      'chainctl-install-docker': templates.boot.installDocker,
    };
    // The hash over the settings covers what is in the archive; how it is compressed may differ from machine to machine.
    const hash = hashOf(image, known);
    const metadata = { ...known, ...(await releaseMetadata(input)) };
    checkMetadata(metadata);
    return { source: { image, metadata, hash, diskGb, startSeconds: UNBAKED_SECONDS }, desired: [] };
  }
  const content = imageHash(request, templates);
  const maker = builder(compute, owner, builderKey(content), () => login(true));
  const { type, network, subnet, tag } = request;
  const vm = { type, diskGb, network, subnet, tag, zone: compute.zone };
  const service = builderSpecOf(request, templates);
  const need = (): LoginKeys => {
    if (keys === undefined) throw new Error('a dry run cannot bake');
    return keys;
  };
  const baked = bakedImage(compute, owner, imageKey(content), deps.dependsOn, {
    builder: maker,
    bake: (context) =>
      bake(
        maker,
        baked.key,
        { vm, service },
        { ...deps, stack: owner.stack, keys: need, newId: () => compute.newId() },
        context,
      ),
  });
  const metadata = { ...settings, ...login(false) };
  checkMetadata(metadata);
  const image = globalPath(compute, 'images', baked.name);
  return {
    source: { image, metadata, hash: hashOf(image, metadata), diskGb, startSeconds: BAKED_SECONDS },
    desired: [desire(baked, { model: request.model, diskGb })],
  };
}

function hashOf(image: string, metadata: Metadata): string {
  return shortHash(JSON.stringify([image, Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1))]));
}

/** The images and builders of a stack, for looking and for removing. */
export function bootTarget(compute: Compute, owner: Ownership): BootTarget {
  return {
    async discover({ signal }) {
      const filter = nameFilter(owner.stack);
      const [images, scopes] = await Promise.all([
        compute.read('images.list', { filter }, signal),
        compute.read('instances.aggregatedList', { filter }, signal),
      ]);
      const vms = scopes.flatMap(([, { instances }]) => instances ?? []);
      return [...images, ...vms].flatMap(({ description }) => {
        const marker = readMarker(description);
        return marker?.stack === owner.stack && isOurs(marker.key) ? [marker.key] : [];
      });
    },
    handle(key) {
      if (isImageKey(key)) return bakedImage(compute, owner, key, []) as Resource<unknown, unknown>;
      const none = (): Metadata => ({});
      return isBuilderKey(key) ? (builder(compute, owner, key, none) as Resource<unknown, unknown>) : undefined;
    },
  };
}

function isOurs(key: string): boolean {
  return isImageKey(key) || isBuilderKey(key);
}
