import type * as sdk from '@aws-sdk/client-ec2';
import type { Clock } from '../../clock.ts';
import { remedyFor } from './errors.ts';

/** A call by the API's own name; the policy in docs/aws.md lists those that are made. */
type CallName = { [Key in keyof typeof sdk]: Key extends `${infer Name}Command` ? Name : never }[keyof typeof sdk];
type Command<Name extends CallName> = InstanceType<(typeof sdk)[`${Name}Command`]>;
export type Input<Name extends CallName> = Command<Name>['input'];
type Output<Name extends CallName> = Awaited<ReturnType<ReturnType<Command<Name>['resolveMiddleware']>>>['output'];

export type Tag = sdk.Tag;
export type IpPermission = sdk.IpPermission;
export type Instance = sdk.Instance;
export type Address = sdk.Address;
export type ResourceType = sdk.ResourceType;

/** EC2 of one region with one set of credentials. */
export interface Ec2 {
  readonly region: string;
  /**
   * Makes one call; retried a few times where that is safe (throttling, 5xx, a lost connection), with the same token.
   *
   * @throws Ec2Error, or the signal's reason when it is aborted
   */
  call<Name extends CallName>(name: Name, input: Input<Name>, signal: AbortSignal): Promise<Output<Name>>;
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

/** All pages of a listing. */
export async function pagesOf<Name extends 'DescribeInstances' | 'DescribeInstanceTypeOfferings'>(
  ec2: Ec2,
  name: Name,
  input: Input<Name>,
  signal: AbortSignal,
): Promise<Output<Name>[]> {
  const pages: Output<Name>[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ec2.call(name, { ...input, NextToken }, signal);
    pages.push(page);
    NextToken = page.NextToken || undefined;
  } while (NextToken !== undefined);
  return pages;
}
