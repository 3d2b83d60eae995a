import { type RemedyError, remedy } from '../../../errors.ts';
import { type Ec2, pagesOf } from './ec2.ts';
import { insteadOf } from './errors.ts';

/** Sizes in order, for telling which one is nearest. */
const SIZES = ['nano', 'micro', 'small', 'medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge'];

/**
 * Reads a type of the region.
 *
 * @returns its architecture, what it is in a few words, and what a person should know of one with GPUs
 * @throws RemedyError (exit 3) when the region does not offer it, with near ones that it does
 */
export async function findInstanceType(ec2: Ec2, name: string, signal: AbortSignal) {
  const Filters = [{ Name: 'instance-type', Values: [name] }];
  const unknown = insteadOf(['InvalidInstanceType', 'InvalidParameterValue'], { InstanceTypes: [] });
  const [{ InstanceTypeOfferings: offered = [] }, { InstanceTypes: [type] = [] }] = await Promise.all([
    ec2.call('DescribeInstanceTypeOfferings', { LocationType: 'region', Filters }, signal),
    ec2.call('DescribeInstanceTypes', { InstanceTypes: [name as never] }, signal).catch(unknown),
  ]);
  if (offered.length === 0 || type === undefined) throw await notOffered(ec2, name, signal);
  const architectures = type.ProcessorInfo?.SupportedArchitectures ?? [];
  const architecture = architectures.includes('arm64') && !architectures.includes('x86_64') ? 'arm64' : 'x86_64';
  const memoryGb = (type.MemoryInfo?.SizeInMiB ?? 0) / 1024;
  const gpus = type.GpuInfo?.Gpus?.map((each) => `${each.Count ?? 1} ${each.Manufacturer} ${each.Name}`).join(', ');
  return {
    architecture,
    text: `${name}: ${type.VCpuInfo?.DefaultVCpus ?? 0} vCPUs, ${memoryGb} GB, ${architecture}`,
    warning: gpus
      ? `${name} has ${gpus}, which nothing here uses: Ollama runs on the CPU (no driver, no container toolkit), at the price of a GPU`
      : undefined,
  };
}

/** The four offered types that are most like the wanted one: its family in other sizes, then like families in its size. */
export function nearTypes(wanted: string, offered: readonly string[]): string[] {
  const [family = '', size = ''] = wanted.split('.');
  // A size that does not exist is as good as the default one.
  const from = SIZES.indexOf(SIZES.includes(size) ? size : 'xlarge');
  const distance = (type: string): number => {
    const [otherFamily = '', otherSize = ''] = type.split('.');
    const kin = otherFamily === family ? 0 : otherFamily[0] === family[0] ? 3 : 100;
    return kin + (SIZES.includes(otherSize) ? Math.abs(from - SIZES.indexOf(otherSize)) : SIZES.length);
  };
  return offered
    .filter((type) => distance(type) < 6)
    .sort((a, b) => distance(a) - distance(b) || a.localeCompare(b))
    .slice(0, 4);
}

async function notOffered(ec2: Ec2, name: string, signal: AbortSignal): Promise<RemedyError> {
  const pages = await pagesOf(ec2, 'DescribeInstanceTypeOfferings', { LocationType: 'region' }, signal);
  const offered = pages.flatMap(({ InstanceTypeOfferings = [] }) => InstanceTypeOfferings);
  const names = offered.flatMap(({ InstanceType }) => InstanceType ?? []);
  const near = nearTypes(name, names);
  return remedy.configuration('aws-type', `${ec2.region} does not offer the instance type ${name}`, [
    ...(near.length === 0 ? [] : [`near ones that it offers: --type ${near.join(', ')}`]),
    'or choose another --region',
  ]);
}
