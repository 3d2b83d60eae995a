import type * as sdk from '@aws-sdk/client-ec2';
import type { Clock } from '../../clock.ts';
import { remedyFor } from './errors.ts';

/** The calls that chainctl makes, with the SDK's own shapes. Also the list for the policy in docs/aws.md. */
interface Calls {
  AllocateAddress: [sdk.AllocateAddressCommandInput, sdk.AllocateAddressCommandOutput];
  AssociateAddress: [sdk.AssociateAddressCommandInput, sdk.AssociateAddressCommandOutput];
  AuthorizeSecurityGroupIngress: [
    sdk.AuthorizeSecurityGroupIngressCommandInput,
    sdk.AuthorizeSecurityGroupIngressCommandOutput,
  ];
  CreateSecurityGroup: [sdk.CreateSecurityGroupCommandInput, sdk.CreateSecurityGroupCommandOutput];
  DeleteKeyPair: [sdk.DeleteKeyPairCommandInput, sdk.DeleteKeyPairCommandOutput];
  DeleteSecurityGroup: [sdk.DeleteSecurityGroupCommandInput, sdk.DeleteSecurityGroupCommandOutput];
  DescribeAddresses: [sdk.DescribeAddressesCommandInput, sdk.DescribeAddressesCommandOutput];
  DescribeImages: [sdk.DescribeImagesCommandInput, sdk.DescribeImagesCommandOutput];
  DescribeInstances: [sdk.DescribeInstancesCommandInput, sdk.DescribeInstancesCommandOutput];
  DescribeInstanceStatus: [sdk.DescribeInstanceStatusCommandInput, sdk.DescribeInstanceStatusCommandOutput];
  DescribeInstanceTypeOfferings: [
    sdk.DescribeInstanceTypeOfferingsCommandInput,
    sdk.DescribeInstanceTypeOfferingsCommandOutput,
  ];
  DescribeInstanceTypes: [sdk.DescribeInstanceTypesCommandInput, sdk.DescribeInstanceTypesCommandOutput];
  DescribeKeyPairs: [sdk.DescribeKeyPairsCommandInput, sdk.DescribeKeyPairsCommandOutput];
  DescribeRegions: [sdk.DescribeRegionsCommandInput, sdk.DescribeRegionsCommandOutput];
  DescribeSecurityGroups: [sdk.DescribeSecurityGroupsCommandInput, sdk.DescribeSecurityGroupsCommandOutput];
  DescribeSubnets: [sdk.DescribeSubnetsCommandInput, sdk.DescribeSubnetsCommandOutput];
  DescribeVpcs: [sdk.DescribeVpcsCommandInput, sdk.DescribeVpcsCommandOutput];
  DisassociateAddress: [sdk.DisassociateAddressCommandInput, sdk.DisassociateAddressCommandOutput];
  ImportKeyPair: [sdk.ImportKeyPairCommandInput, sdk.ImportKeyPairCommandOutput];
  ReleaseAddress: [sdk.ReleaseAddressCommandInput, sdk.ReleaseAddressCommandOutput];
  RevokeSecurityGroupIngress: [sdk.RevokeSecurityGroupIngressCommandInput, sdk.RevokeSecurityGroupIngressCommandOutput];
  RunInstances: [sdk.RunInstancesCommandInput, sdk.RunInstancesCommandOutput];
  StartInstances: [sdk.StartInstancesCommandInput, sdk.StartInstancesCommandOutput];
  TerminateInstances: [sdk.TerminateInstancesCommandInput, sdk.TerminateInstancesCommandOutput];
}

export type Input<Name extends keyof Calls> = Calls[Name][0];
type Output<Name extends keyof Calls> = Calls[Name][1];

export type Tag = sdk.Tag;
export type IpPermission = sdk.IpPermission;
export type Instance = sdk.Instance;

/** EC2 of one region with one set of credentials. */
export interface Ec2 {
  readonly region: string;
  /**
   * Makes one call; retried a few times where that is safe (throttling, 5xx, a lost connection), with the same token.
   *
   * @throws Ec2Error, or the signal's reason when it is aborted
   */
  call<Name extends keyof Calls>(name: Name, input: Input<Name>, signal: AbortSignal): Promise<Output<Name>>;
  /** This machine's clock minus that of the service, seconds, as the last answer showed it. */
  skewSeconds(): number | undefined;
}

export interface Ec2Options {
  readonly region: string;
  /** A named profile instead of what the SDK's default chain finds. */
  readonly profile?: string | undefined;
  /** Another endpoint than that of AWS; the SDK itself also reads AWS_ENDPOINT_URL_EC2. */
  readonly endpoint?: string | undefined;
  readonly clock: Clock;
  /** How often a call is tried in all. */
  readonly attempts?: number;
}

const CONNECT_MS = 5000;
/** The slowest answer of EC2 is RunInstances, some seconds. */
const ANSWER_MS = 30_000;

/**
 * Opens EC2. The SDK is loaded here and nowhere else: it costs 0.3 s that `--help` need not pay. Credentials are looked
 * for at the first call.
 */
export async function openEc2({ region, profile, endpoint, clock, attempts = 5 }: Ec2Options): Promise<Ec2> {
  const loaded = await import('@aws-sdk/client-ec2');
  const client = new loaded.EC2Client({
    region,
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
    retryMode: 'standard',
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
    // The SDK writes warnings to the console otherwise.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  let skew: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const headers = (result.response as { readonly headers?: Readonly<Record<string, string>> }).headers;
      const date = Date.parse(headers?.date ?? '');
      if (!Number.isNaN(date)) skew = (clock.now() - date) / 1000;
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'chainctlClockSkew' },
  );
  return {
    region,
    skewSeconds: () => skew,
    async call(name, input, signal) {
      signal.throwIfAborted();
      // The one cast between a call's name and its command class; `Calls` keeps the two sides together.
      const Command = loaded[`${name}Command`] as unknown as new (input: unknown) => sdk.DescribeVpcsCommand;
      try {
        return (await client.send(new Command(input), { abortSignal: signal })) as never;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw remedyFor(error, { call: name, region, profile, skewSeconds: skew });
      }
    },
  };
}
