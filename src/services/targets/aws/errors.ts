import { CONTINUE, ExitCode, RemedyError, reasonOf } from '../../../errors.ts';

/** Where a call was made: for the sentence that says what went wrong. */
export interface CallSite {
  /** The API's name of the call, e.g. `RunInstances`. */
  readonly call: string;
  readonly region: string;
  readonly profile?: string | undefined;
  /** This machine's clock minus the service's, seconds; undefined when no answer has shown it. */
  readonly skewSeconds?: number | undefined;
}

/** What EC2 answered, with its own code beside the remedy, so that resources can tell "is gone" from "is forbidden". */
export class Ec2Error extends RemedyError {
  readonly awsCode: string;
  /** It is certain that the call has done nothing: what it asked for is wrong, not allowed or not to be had. */
  readonly refused: boolean;

  constructor(
    message: string,
    awsCode: string,
    { refused = false, ...options }: ConstructorParameters<typeof RemedyError>[1] & { readonly refused?: boolean },
  ) {
    super(message, options);
    this.awsCode = awsCode;
    this.refused = refused;
  }
}

/** Whether EC2 answered with one of these codes. */
export function isAws(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Ec2Error && codes.includes(error.awsCode);
}

/** Takes an error with one of these codes for an answer: what was not found is nothing. */
export function insteadOf<T>(codes: readonly string[], answer: T): (error: unknown) => T {
  return (error) => {
    if (!isAws(error, ...codes)) throw error;
    return answer;
  };
}

/** Passes over an error with one of these codes: what a removal did not find is gone. */
export const unless = (...codes: readonly string[]) => insteadOf(codes, undefined);

/** Signatures are accepted within five minutes of the service's clock. */
const MAX_SKEW_SECONDS = 240;

const NO_CREDENTIALS = ['CredentialsProviderError', 'TokenProviderError', 'MissingAuthenticationToken'];
const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'];
const INVALID = [
  'AuthFailure',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
];
const FORBIDDEN = ['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException'];
const ACCOUNT = ['OptInRequired', 'PendingVerification', 'Blocked'];
const THROTTLED = ['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'EC2ThrottledException'];
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|TimeoutError)$/;

/** Limits and shortages: what to do about each, most likely first. */
const CAPACITY: Readonly<Record<string, readonly string[]>> = {
  VcpuLimitExceeded: [
    'choose a smaller type with --type, or another --region',
    'or ask for more vCPUs: Service Quotas, Amazon EC2, "Running On-Demand Standard instances"',
  ],
  InstanceLimitExceeded: [
    'terminate what is not needed ("chainctl gc"), or choose another --region',
    'or ask for more: Service Quotas, Amazon EC2',
  ],
  InsufficientInstanceCapacity: [
    'run the command again in some minutes',
    'or choose another --type, a --subnet in another zone, or another --region',
  ],
  AddressLimitExceeded: [
    'release an Elastic IP that is not needed ("chainctl gc" lists those of chainctl)',
    'or deploy without --elastic-ip',
  ],
  SecurityGroupLimitExceeded: ['delete security groups that are not needed, or choose another --region'],
  RulesPerSecurityGroupLimitExceeded: ['give fewer --allow ranges'],
  InsufficientFreeAddressesInSubnet: ['choose another subnet with --subnet'],
  InsufficientAddressCapacity: ['run the command again in some minutes, or deploy without --elastic-ip'],
  VolumeLimitExceeded: ['delete volumes that are not needed, or give a smaller --disk-gb'],
  Unsupported: ['choose another --type, or a --subnet in another zone'],
};

/** EC2 has more names for a shortage than it documents; the family is told by the name. */
function capacitySteps(code: string): readonly string[] | undefined {
  if (code in CAPACITY) return CAPACITY[code];
  if (/^Insufficient\w*Capacity$/.test(code)) return CAPACITY.InsufficientInstanceCapacity;
  return /LimitExceeded$/.test(code) && !THROTTLED.includes(code) ? CAPACITY.InstanceLimitExceeded : undefined;
}

/** Names of an SDK or system error that mean something: its name, or the system's code behind it. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown';
  if (error instanceof AggregateError && error.errors.length > 0 && !('code' in error)) return codeOf(error.errors[0]);
  const system = 'code' in error ? String(error.code) : undefined;
  if (system !== undefined && UNREACHABLE.test(system)) return system;
  return error.name === 'Error' && system !== undefined ? system : error.name;
}

/**
 * The one place that turns what the SDK throws into what a person can act on: credentials and permissions (exit 3),
 * limits and shortages (4), an endpoint that does not answer or has trouble (5); anything else names the call (3).
 */
export function remedyFor(error: unknown, { call, region, profile, skewSeconds }: CallSite): Ec2Error {
  const awsCode = codeOf(error);
  // The encoded failure message is a kilobyte that only sts:DecodeAuthorizationMessage can read.
  const said = reasonOf(error)
    .replace(/\s*Encoded authorization failure message:.*$/s, '')
    .trim();
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  const shortage = capacitySteps(awsCode);
  // Who asks is looked at before what is asked for: then nothing is said about an earlier call with the same token.
  const unheard = [...NO_CREDENTIALS, ...EXPIRED, ...INVALID, ...FORBIDDEN, ...ACCOUNT].includes(awsCode);
  // A shortage comes with status 500.
  const refused = !unheard && (shortage !== undefined || (status >= 400 && status < 500));
  const withExit =
    (exit: ExitCode) =>
    (code: string, message: string, ...nextSteps: readonly string[]) =>
      new Ec2Error(message, awsCode, { code, exit, nextSteps, cause: error, refused });
  const configuration = withExit(ExitCode.configuration);
  const unhealthy = withExit(ExitCode.unhealthy);

  if (Math.abs(skewSeconds ?? 0) > MAX_SKEW_SECONDS && [...EXPIRED, ...INVALID].includes(awsCode)) {
    const skew = Math.round((skewSeconds ?? 0) / 60);
    return configuration(
      'clock-skew',
      `AWS refused ${call}: this machine's clock is ${Math.abs(skew)} minutes ${skew > 0 ? 'ahead of' : 'behind'} that of AWS`,
      'set the clock (for example: timedatectl set-ntp true), then run the command again',
    );
  }
  if (NO_CREDENTIALS.includes(awsCode)) {
    return configuration(
      'aws-no-credentials',
      `no AWS credentials were found${profile === undefined ? '' : ` in profile ${profile}`}: ${said}`,
      'sign in (aws sso login) or set up a profile (aws configure), and name it with --profile or AWS_PROFILE',
      'or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  if (EXPIRED.includes(awsCode)) {
    const renew = `renew them (aws sso login), then ${CONTINUE}`;
    return configuration('aws-expired', `the AWS credentials have expired (${call} in ${region})`, renew);
  }
  if (INVALID.includes(awsCode)) {
    return configuration(
      'aws-invalid',
      `AWS does not accept the credentials (${call} in ${region}): ${said}`,
      'see which ones are used: aws sts get-caller-identity; choose others with --profile or AWS_PROFILE',
      'in a region that has to be enabled first, enable it or choose another with --region',
    );
  }
  if (FORBIDDEN.includes(awsCode)) {
    const action = /not authorized to perform: (\S+)/.exec(said)?.[1] ?? `ec2:${call}`;
    return configuration(
      'aws-forbidden',
      `these AWS credentials may not do ${action} in ${region}: ${said}`,
      `have the permission ${action} added (docs/aws.md has the whole policy), or use other credentials: --profile`,
    );
  }
  if (ACCOUNT.includes(awsCode)) {
    return configuration(
      'aws-account',
      `the AWS account cannot be used for EC2 in ${region} yet: ${said}`,
      'finish the sign-up or verification in the AWS console, or choose another --region',
    );
  }
  if (shortage !== undefined) {
    const met = `${call} in ${region} met a limit: ${said} (${awsCode})`;
    return withExit(ExitCode.capacity)('aws-capacity', met, ...shortage);
  }
  if (THROTTLED.includes(awsCode)) {
    const wait = `wait a minute, then ${CONTINUE}`;
    return unhealthy('aws-throttled', `AWS kept throttling ${call} in ${region}: ${said}`, wait);
  }
  if (UNREACHABLE.test(awsCode)) {
    return unhealthy(
      'aws-unreachable',
      `the EC2 endpoint of ${region} did not answer ${call}: ${said}`,
      'check the network, the name of the --region, and AWS_ENDPOINT_URL_EC2 if it is set',
      `then ${CONTINUE}`,
    );
  }
  if (status >= 500)
    return unhealthy('aws-trouble', `EC2 in ${region} failed at ${call}: ${said} (${awsCode})`, CONTINUE);
  if (/not eligible for Free Tier/i.test(said)) {
    return configuration(
      'aws-free-plan',
      `this AWS account is on the free plan (${call} in ${region}): ${said}`,
      'choose a type that the plan allows: --type m7i-flex.large (2 vCPUs, 8 GB)',
      'or upgrade the account to the paid plan: AWS console, Billing and Cost Management',
    );
  }
  const correct = 'correct what the message names, then run the same command again';
  return configuration('aws-refused', `EC2 in ${region} refused ${call}: ${said} (${awsCode})`, correct);
}
