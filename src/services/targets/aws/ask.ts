import { type TuningFlagValues, tuningOf } from '../../../config/tuning-flags.ts';
import { makeToken, TOKEN_SECRET } from '../../chain/token.ts';
import { parseCidr } from '../../stack/cidr.ts';
import { operatorAddress } from '../../stack/operator-address.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { ensureSecret, readSecret } from '../../stack/secrets.ts';
import type { StackDeps } from '../../stack/session.ts';
import { imageText, parseImage, UBUNTU_24_04 } from './ami.ts';
import { vmMaterial } from './boot-keys.ts';
import { type AwsFlagValues, createdByOf, ec2Endpoint, ec2Of } from './connect.ts';
import type { AwsPlanDeps } from './deploy.ts';
import type { Ec2 } from './ec2.ts';
import { desiredOnVm, onVm, type VmDeps } from './on-vm.ts';
import type { AwsRequest } from './request.ts';

/** What the flags of a command that deploys A to AWS say. */
export interface AwsDeployFlags extends AwsFlagValues, TuningFlagValues {
  readonly type: string;
  readonly ami?: string | undefined;
  readonly 'disk-gb': number;
  readonly subnet?: string | undefined;
  readonly 'operator-address'?: string | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly public: boolean;
  readonly 'elastic-ip': boolean;
  readonly ttl?: number | undefined;
  readonly 'model-a': string;
  readonly 'ollama-image'?: string | undefined;
  readonly 'ssh-user': string;
  readonly auth: 'token' | 'none';
}

/** EC2, and what is asked of it. */
export async function awsRequest(
  flags: AwsDeployFlags,
  paths: StackPaths,
  bUrl: string,
  signal: AbortSignal,
): Promise<{ readonly ec2: Ec2; readonly request: AwsRequest }> {
  const allow = (flags.allow ?? []).map((text) => parseCidr(text, '--allow'));
  const image = imageText(flags.ami === undefined ? UBUNTU_24_04 : parseImage(flags.ami));
  const [ec2, address] = await Promise.all([
    ec2Of(flags, paths),
    operatorAddress({ given: flags['operator-address'], endpoint: ec2Endpoint(flags), fetch, signal }),
  ]);
  const request: AwsRequest = {
    region: ec2.region,
    profile: flags.profile,
    type: flags.type,
    image,
    diskGb: flags['disk-gb'],
    subnetId: flags.subnet,
    operatorAddress: address,
    allow,
    public: flags.public,
    elasticIp: flags['elastic-ip'],
    ttlSeconds: flags.ttl,
    bUrl,
    modelA: flags['model-a'],
    sshUser: flags['ssh-user'],
    ollamaImage: flags['ollama-image'],
    tuning: tuningOf(flags, 'a'),
    auth: flags.auth,
  };
  return { ec2, request };
}

/** What planning that request takes: keys, token, and what goes on the VM. */
export function awsPlanDeps(
  { ec2, request }: { readonly ec2: Ec2; readonly request: AwsRequest },
  vm: Omit<VmDeps, 'token'>,
  stack: Pick<StackDeps, 'self'>,
): AwsPlanDeps {
  const { paths, templates } = vm;
  return {
    ec2,
    createdBy: createdByOf(stack),
    material: (make) => vmMaterial({ paths, boot: templates.boot, ttlSeconds: request.ttlSeconds }, make),
    token: (make) => (make ? ensureSecret(paths, TOKEN_SECRET, makeToken) : readSecret(paths, TOKEN_SECRET)),
    extra: (resources, token) =>
      desiredOnVm(onVm(resources, request, { ...vm, token: async () => token }), request, { templates }, token),
  };
}
