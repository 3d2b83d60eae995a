import { type LoginKeys, loginKeys } from '../../../machine/login-keys.ts';
import type { HostSessions } from '../../../machine/sessions.ts';
import { type HostTemplates, shortHash, templatesOf } from '../../../machine/templates.ts';
import type { StackPaths } from '../../../stack/paths.ts';
import { desire, type Ownership, type Resource } from '../../../stack/resource.ts';
import { onlyService } from '../../../workloads/request.ts';
import type { Boot, BootInput } from '../boot-source.ts';
import type { Compute } from '../compute.ts';
import { vmSpec } from '../desired.ts';
import { REST_FIREWALL, SSH_FIREWALL } from '../firewall.ts';
import { globalPath } from '../paths.ts';
import { HOST_KEY_B } from '../request.ts';
import { bake } from './bake.ts';
import { builder, builderKey, isBuilderKey } from './builder.ts';
import { bootOfService, builderSpecOf, imageHash, publicImage, specOf } from './content.ts';
import { bakedImage, imageKey, isImageKey } from './image.ts';
import { loginMetadata } from './login.ts';
import { checkMetadata, type Metadata, releaseMetadata, settingsMetadata } from './metadata.ts';

/** From the start of a VM to its first answer: everything is on the disk, which is read for the first time. */
const BAKED_SECONDS = 420;
/** Docker, two images and a model are downloaded before. */
const UNBAKED_SECONDS = 1200;

export interface BootDeps {
  readonly compute: Compute;
  readonly paths: StackPaths;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
}

/**
 * What the VMs of the service boot from, and what has to be made for it. Compute Engine is not asked.
 *
 * @throws RemedyError (exit 2) when it does not fit into the metadata
 */
export async function bootOf(input: BootInput, deps: BootDeps): Promise<Boot> {
  const { request, owner, token } = input;
  const { definition } = onlyService(request);
  const templates = { ...deps.templates, boot: bootOfService(deps.templates.boot, definition, request.llama) };
  const { boot } = templates;
  const keys = await loginKeys(deps.paths, HOST_KEY_B, input.make);
  const spec = specOf(request, templates, token);
  const release = { stack: owner.stack, spec, templates: templatesOf(templates, definition), token };
  const settings = { ...settingsMetadata(release), ...loginMetadata(keys, { boot, installDocker: false }) };
  if (request.bake) {
    checkMetadata(settings);
    const baked = bakedFor(input, keys, { ...deps, templates });
    const image = globalPath(deps.compute, 'images', baked.name);
    return {
      source: { image, metadata: settings, hash: hashOf(image, settings), startSeconds: BAKED_SECONDS },
      desired: [desire(baked, { model: spec.model, diskGb: request.diskGb })],
    };
  }
  const image = publicImage(request.type);
  const known = { ...settings, 'startup-script': boot.serve, 'chainctl-install-docker': boot.installDocker };
  const metadata = { ...known, ...(await releaseMetadata(release)) };
  checkMetadata(metadata);
  // What is in the archive is in the hash of the release; how it is compressed may differ from machine to machine.
  return { source: { image, metadata, hash: hashOf(image, known), startSeconds: UNBAKED_SECONDS }, desired: [] };
}

/** The image with the content that is wanted, and how it is baked. */
function bakedFor({ request, owner, zone }: BootInput, keys: LoginKeys | undefined, deps: BootDeps) {
  const { compute, templates } = deps;
  const hash = imageHash(request, templates);
  const key = imageKey(hash);
  const maker = builder(compute, owner, builderKey(hash), () =>
    loginMetadata(keys, { boot: templates.boot, installDocker: true }),
  );
  const vm = { ...vmSpec(request, owner.stack), zone };
  const service = builderSpecOf(request, templates);
  return bakedImage(compute, owner, key, [SSH_FIREWALL, REST_FIREWALL], {
    builder: maker,
    bake: (context) => {
      if (keys === undefined) throw new Error('a plan cannot bake');
      return bake(maker, key, { vm, service }, { ...deps, stack: owner.stack, keys, newId: compute.newId }, context);
    },
  });
}

function hashOf(image: string, metadata: Metadata): string {
  return shortHash(JSON.stringify([image, Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1))]));
}

/** A handle for an image or a builder of a stack, for looking and for removing; undefined for any other key. */
export function bootHandle(compute: Compute, owner: Ownership, key: string): Resource<unknown, unknown> | undefined {
  if (isImageKey(key)) return bakedImage(compute, owner, key, []) as Resource<unknown, unknown>;
  return isBuilderKey(key) ? (builder(compute, owner, key, () => ({})) as Resource<unknown, unknown>) : undefined;
}
