import { type RemedyError, remedy } from '../../../errors.ts';
import type { Ec2 } from './ec2.ts';
import { isAws } from './errors.ts';

export interface InstanceType {
  readonly name: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly vcpus: number;
  readonly memoryGb: number;
  /** `1 NVIDIA T4`; undefined for one without. */
  readonly gpus?: string | undefined;
}

/** What a type with GPUs is good for here; undefined for one without. */
export function gpuWarning({ name, gpus }: Pick<InstanceType, 'name' | 'gpus'>): string | undefined {
  if (gpus === undefined) return undefined;
  return `${name} has ${gpus}, which nothing here uses: Ollama runs on the CPU (no driver, no container toolkit), at the price of a GPU`;
}

/** Sizes in order, for telling which one is nearest. */
const SIZES = ['nano', 'micro', 'small', 'medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge'];

/**
 * Reads a type of the region.
 *
 * @throws RemedyError (exit 3) when the region does not offer it, with near ones that it does
 */
export async function findInstanceType(ec2: Ec2, name: string, signal: AbortSignal): Promise<InstanceType> {
  const filters = [{ Name: 'instance-type', Values: [name] }];
  const [{ InstanceTypeOfferings: offered = [] }, { InstanceTypes: known = [] }] = await Promise.all([
    ec2.call('DescribeInstanceTypeOfferings', { LocationType: 'region', Filters: filters }, signal),
    ec2.call('DescribeInstanceTypes', { InstanceTypes: [name as never] }, signal).catch((error: unknown) => {
      if (isAws(error, 'InvalidInstanceType', 'InvalidParameterValue')) return { InstanceTypes: [] };
      throw error;
    }),
  ]);
  const type = known[0];
  if (offered.length === 0 || type === undefined) throw await notOffered(ec2, name, signal);
  const architectures = type.ProcessorInfo?.SupportedArchitectures ?? [];
  return {
    name,
    architecture: architectures.includes('arm64') && !architectures.includes('x86_64') ? 'arm64' : 'x86_64',
    vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
    memoryGb: (type.MemoryInfo?.SizeInMiB ?? 0) / 1024,
    gpus:
      type.GpuInfo?.Gpus?.map((each) => `${each.Count ?? 1} ${each.Manufacturer} ${each.Name}`).join(', ') || undefined,
  };
}

/** The offered types that are most like the wanted one: its family in other sizes, then like families in its size. */
export function nearTypes(wanted: string, offered: readonly string[], count = 4): string[] {
  const [family = '', size = ''] = wanted.split('.');
  // A size that does not exist is as good as the default one.
  const from = SIZES.indexOf(SIZES.includes(size) ? size : 'xlarge');
  const steps = (other: string) => {
    const to = SIZES.indexOf(other);
    return to < 0 ? SIZES.length : Math.abs(from - to);
  };
  const distance = (type: string): number => {
    const [otherFamily = '', otherSize = ''] = type.split('.');
    const kin = otherFamily === family ? 0 : otherFamily[0] === family[0] ? 3 : 100;
    return kin + steps(otherSize);
  };
  return offered
    .map((type) => ({ type, distance: distance(type) }))
    .filter((each) => each.distance < 6)
    .sort((a, b) => a.distance - b.distance || a.type.localeCompare(b.type))
    .slice(0, count)
    .map(({ type }) => type);
}

async function notOffered(ec2: Ec2, name: string, signal: AbortSignal): Promise<RemedyError> {
  const offered: string[] = [];
  let token: string | undefined;
  do {
    const page = await ec2.call(
      'DescribeInstanceTypeOfferings',
      { LocationType: 'region', ...(token === undefined ? {} : { NextToken: token }) },
      signal,
    );
    offered.push(...(page.InstanceTypeOfferings ?? []).flatMap(({ InstanceType }) => InstanceType ?? []));
    token = page.NextToken || undefined;
  } while (token !== undefined);
  const near = nearTypes(name, offered);
  return remedy.configuration('aws-type', `${ec2.region} does not offer the instance type ${name}`, [
    ...(near.length === 0 ? [] : [`near ones that it offers: --type ${near.join(', ')}`]),
    'or choose another --region',
  ]);
}
