import { type RemedyError, remedy } from '../../../../errors.ts';
import { releaseFiles } from '../../../machine/release.ts';
import { contentHash } from '../../../machine/service-spec.ts';
import { archive } from '../../../machine/session.ts';

/** What a VM reads from its metadata server, by name. */
export type Metadata = Readonly<Record<string, string>>;

/** One value; see https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations */
const VALUE_BYTES = 256 * 1024;
/** Names and values together. */
const TOTAL_BYTES = 512 * 1024;

type ReleaseInput = Parameters<typeof releaseFiles>[0];

/** Those files of a release that differ between deploys of the same content: they come with the metadata in any case. */
const SETTINGS = {
  'compose.env': 'chainctl-compose-env',
  'service.env': 'chainctl-service-env',
  token: 'chainctl-token',
};

/** What `templates/boot/serve.sh` reads on every VM: which release with which settings. Pure. */
export function settingsMetadata(input: ReleaseInput): Metadata {
  const files = new Map(releaseFiles(input).map(({ path, content }) => [path, content.toString()]));
  const settings = Object.entries(SETTINGS).flatMap(([path, name]) => {
    const content = files.get(path) ?? '';
    // The API takes no empty value.
    return content === '' ? [] : [[name, content]];
  });
  return {
    'chainctl-hash': contentHash(input.spec),
    'chainctl-model': input.spec.model,
    ...Object.fromEntries(settings),
  };
}

/** The rest of the release, for a VM whose disk does not have it: compose file, Dockerfile and bundle. */
export async function releaseMetadata(input: ReleaseInput): Promise<Metadata> {
  const files = releaseFiles(input).filter(({ path }) => !Object.hasOwn(SETTINGS, path));
  return { 'chainctl-release': (await archive(files)).toString('base64') };
}

/**
 * Looks whether Compute Engine takes this metadata.
 *
 * @throws RemedyError (exit 2) that names the value which is too large, and its size
 */
export function checkMetadata(metadata: Metadata): void {
  const sizes = Object.entries(metadata).map(([name, value]) => [name, Buffer.byteLength(value)] as const);
  const large = sizes.find(([, bytes]) => bytes > VALUE_BYTES);
  if (large !== undefined) throw tooLarge(`${large[0]} has ${large[1]} bytes`, `a value has at most ${VALUE_BYTES}`);
  const total = sizes.reduce((sum, [name, bytes]) => sum + name.length + bytes, 0);
  if (total > TOTAL_BYTES) throw tooLarge(`it has ${total} bytes`, `all of it has at most ${TOTAL_BYTES}`);
}

function tooLarge(found: string, limit: string): RemedyError {
  return remedy.usage('metadata-size', `the VMs' metadata is too large for Compute Engine: ${found}, and ${limit}`, [
    'leave --no-bake out: a baked image brings the release with it',
  ]);
}
