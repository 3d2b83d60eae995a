import { remedy } from '../../../errors.ts';
import type { Ec2 } from './ec2.ts';
import { insteadOf } from './errors.ts';

/** Canonical's own account; the name has the architecture where the star is. */
export const UBUNTU_24_04 = '099720109477:ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-*-server-*';

/**
 * Reads which image is meant: `ami-...` for one, or `OWNER:NAME-PATTERN` for the newest of an owner whose name fits the
 * pattern and the type's architecture.
 *
 * @throws RemedyError (exit 2)
 */
export function parseImage(text: string): { readonly id: string } | { readonly owner: string; readonly name: string } {
  if (/^ami-[0-9a-f]{8,17}$/.test(text)) return { id: text };
  const [, owner, name] = /^(\d{12}|amazon|self):(.+)$/.exec(text) ?? [];
  if (owner !== undefined && name !== undefined) return { owner, name };
  throw remedy.usage('usage', `"${text}" is neither an image id nor an owner with a name pattern`, [
    'write --ami ami-0123456789abcdef0, or --ami "099720109477:ubuntu/images/*-24.04-*-server-*"',
  ]);
}

/**
 * Finds the image in the region.
 *
 * @param text as {@link parseImage} reads it
 * @param architecture `x86_64` or `arm64`, of the instance type
 * @returns with the size of its root disk: the VM's cannot be smaller
 * @throws RemedyError (exit 3) when there is none, or when it is made for another architecture
 */
export async function findImage(ec2: Ec2, text: string, architecture: string, signal: AbortSignal) {
  const image = parseImage(text);
  const fitting = (Name: string, value = '') => ({ Name, Values: [value] });
  const input =
    'id' in image
      ? { ImageIds: [image.id] }
      : {
          Owners: [image.owner],
          Filters: [fitting('name', image.name), fitting('architecture', architecture), fitting('state', 'available')],
        };
  const unknown = ['InvalidAMIID.NotFound', 'InvalidAMIID.Malformed', 'InvalidAMIID.Unavailable'];
  const { Images = [] } = await ec2.call('DescribeImages', input, signal).catch(insteadOf(unknown, { Images: [] }));
  const [newest] = Images.toSorted((a, b) => (b.CreationDate ?? '').localeCompare(a.CreationDate ?? ''));
  if (newest === undefined) {
    const what = 'id' in image ? `image ${image.id}` : `image of ${image.owner} named ${image.name} (${architecture})`;
    throw remedy.configuration('aws-no-image', `there is no ${what} in ${ec2.region}`, [
      'image ids differ from region to region: give one of this region with --ami',
      'or leave --ami out',
    ]);
  }
  const { ImageId: id = '', Name: name = '', Architecture = architecture } = newest;
  if (Architecture !== architecture) {
    throw remedy.configuration(
      'aws-architecture',
      `image ${id} is for ${Architecture}, the instance type for ${architecture}`,
      ['choose another --ami or another --type'],
    );
  }
  const rootDevice = newest.RootDeviceName ?? '/dev/sda1';
  const root = newest.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === rootDevice);
  return { id, name, rootDevice, diskGb: root?.Ebs?.VolumeSize ?? 0 };
}
