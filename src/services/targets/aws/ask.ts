import { operatorAddress, parseCidr } from '../../stack/cidr.ts';
import type { Site } from '../../stack/provider.ts';
import { askServices } from '../../workloads/ask.ts';
import type { ServiceDefinition } from '../../workloads/service-definition.ts';
import { imageText, parseImage, UBUNTU_24_04 } from './ami.ts';
import type { AwsFlags, AwsPlaceFlags } from './flags.ts';
import { type AwsRequest, chooseRegion, recordedRequest } from './request.ts';

/** Where EC2 is as flags, the stack's record and the environment mean it. */
export function whereOf({ flags, record, operator: { env } }: Pick<Site, 'flags' | 'record' | 'operator'>) {
  const { region, profile, 'endpoint-url': endpoint } = flags as AwsPlaceFlags;
  const recorded = recordedRequest(record?.request);
  return {
    region: chooseRegion({ flag: region, recorded: recorded?.region, env }),
    profile: profile ?? recorded?.profile,
    endpoint,
  };
}

/** The range from which the operator logs in. */
export function addressOf({ flags, operator, signal }: Site): Promise<string> {
  const { 'endpoint-url': given, 'operator-address': address } = flags as AwsFlags;
  const { AWS_ENDPOINT_URL_EC2: ec2, AWS_ENDPOINT_URL: all } = operator.env;
  const endpoint = given ?? (ec2 || all || undefined);
  return operatorAddress({ given: address, endpoint, fetch: operator.fetch, signal });
}

/** What the flags ask for. The addresses of other services come later. */
export async function askAws(flags: AwsFlags, site: Site, services: readonly ServiceDefinition[]): Promise<AwsRequest> {
  const allow = (flags.allow ?? []).map((text) => parseCidr(text, '--allow'));
  const image = imageText(flags.ami === undefined ? UBUNTU_24_04 : parseImage(flags.ami));
  const { region, profile } = whereOf(site);
  return {
    region,
    profile,
    type: flags.type,
    image,
    diskGb: flags['disk-gb'],
    subnetId: flags.subnet,
    operatorAddress: await addressOf(site),
    allow,
    public: flags.public,
    elasticIp: flags['elastic-ip'],
    ttlSeconds: flags.ttl,
    services: askServices(services, flags),
    sshUser: flags['ssh-user'],
    ollamaImage: flags['ollama-image'],
    auth: flags.auth,
  };
}
