import { type RemedyError, remedy } from '../../../errors.ts';
import type { Ec2 } from './ec2.ts';
import { isAws } from './errors.ts';

/** Which image: one by its id, or the newest of an owner whose name fits the pattern and the type's architecture. */
export type ImageRequest = { readonly id: string } | { readonly owner: string; readonly name: string };

/** Canonical's own account; the name has the architecture where the star is. */
export const UBUNTU_24_04: ImageRequest = {
  owner: '099720109477',
  name: 'ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-*-server-*',
};

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly rootDevice: string;
  /** Size of its root disk: the VM's cannot be smaller. */
  readonly diskGb: number;
}

/**
 * Reads what `--ami` was given: `ami-...`, or `OWNER:NAME-PATTERN`.
 *
 * @throws RemedyError (exit 2)
 */
export function parseImage(text: string): ImageRequest {
  if (/^ami-[0-9a-f]{8,17}$/.test(text)) return { id: text };
  const [, owner, name] = /^(\d{12}|amazon|self):(.+)$/.exec(text) ?? [];
  if (owner !== undefined && name !== undefined) return { owner, name };
  throw remedy.usage('usage', `"${text}" is neither an image id nor an owner with a name pattern`, [
    'write --ami ami-0123456789abcdef0, or --ami "099720109477:ubuntu/images/*-24.04-*-server-*"',
  ]);
}

/** One line for the plan and the state; the inverse of `parseImage`. */
export function imageText(image: ImageRequest): string {
  return 'id' in image ? image.id : `${image.owner}:${image.name}`;
}

/**
 * Finds the image in the region.
 *
 * @param architecture `x86_64` or `arm64`, of the instance type
 * @throws RemedyError (exit 3) when there is none, or when it is made for another architecture
 */
export async function findImage(
  ec2: Ec2,
  request: ImageRequest,
  architecture: string,
  signal: AbortSignal,
): Promise<Image> {
  const input =
    'id' in request
      ? { ImageIds: [request.id] }
      : {
          Owners: [request.owner],
          Filters: [
            { Name: 'name', Values: [request.name] },
            { Name: 'architecture', Values: [architecture] },
            { Name: 'state', Values: ['available'] },
          ],
        };
  const { Images = [] } = await ec2.call('DescribeImages', input, signal).catch((error: unknown) => {
    if (isAws(error, 'InvalidAMIID.NotFound', 'InvalidAMIID.Malformed', 'InvalidAMIID.Unavailable'))
      return { Images: [] };
    throw error;
  });
  const newest = [...Images].sort((a, b) => (b.CreationDate ?? '').localeCompare(a.CreationDate ?? ''))[0];
  if (newest === undefined) throw noImage(ec2, request, architecture);
  if (newest.Architecture !== undefined && newest.Architecture !== architecture) {
    throw remedy.configuration(
      'aws-architecture',
      `image ${newest.ImageId} is for ${newest.Architecture}, the instance type for ${architecture}`,
      ['choose another --ami or another --type'],
    );
  }
  const rootDevice = newest.RootDeviceName ?? '/dev/sda1';
  const root = newest.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === rootDevice);
  return { id: newest.ImageId ?? '', name: newest.Name ?? '', rootDevice, diskGb: root?.Ebs?.VolumeSize ?? 0 };
}

function noImage(ec2: Ec2, request: ImageRequest, architecture: string): RemedyError {
  const what =
    'id' in request ? `image ${request.id}` : `image of ${request.owner} named ${request.name} (${architecture})`;
  return remedy.configuration('aws-no-image', `there is no ${what} in ${ec2.region}`, [
    'image ids differ from region to region: give one of this region with --ami',
    'or leave --ami out',
  ]);
}
