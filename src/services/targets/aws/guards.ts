import { ExitCode, RemedyError } from '../../../errors.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type AwsRequest, awsRequestSchema } from './request.ts';

/** What the state says was asked for; undefined where nothing was, or nothing that this program understands. */
export function recordedRequest(request: unknown): AwsRequest | undefined {
  return awsRequestSchema.safeParse(request).data;
}

/**
 * A stack is in one region of one account. Looked for elsewhere it is not found, which must not be taken for "gone".
 *
 * @throws RemedyError (exit 3) when the state names objects of another region or account
 */
export function refuseElsewhere(
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  here: { readonly region: string; readonly account: string | undefined },
): void {
  const recorded = recordedRequest(record?.request);
  if (recorded === undefined || Object.keys(record?.resources ?? {}).length === 0) return;
  if (recorded.region !== here.region) {
    throw elsewhere(`this stack is in ${recorded.region}, not in ${here.region}`, [
      `use --region ${recorded.region}`,
      `or tear it down there first: chainctl teardown aws --region ${recorded.region}`,
      'or give the new one a name of its own with --stack',
    ]);
  }
  if (recorded.account !== undefined && here.account !== undefined && recorded.account !== here.account) {
    throw elsewhere(`this stack belongs to AWS account ${recorded.account}, and these credentials to ${here.account}`, [
      `use the credentials of ${recorded.account}: --profile or AWS_PROFILE`,
      'or give the new one a name of its own with --stack',
    ]);
  }
}

function elsewhere(message: string, nextSteps: readonly string[]): RemedyError {
  return new RemedyError(message, { code: 'aws-elsewhere', exit: ExitCode.configuration, nextSteps });
}
