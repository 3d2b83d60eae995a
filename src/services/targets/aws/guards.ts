import { refuseElsewhere as refuse } from '../../stack/elsewhere.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { recordedRequest } from './request.ts';

interface Here {
  readonly stack: string;
  readonly region: string;
  readonly account: string | undefined;
}

/**
 * A stack is in one region of one account.
 *
 * @throws RemedyError (exit 3) when the state names objects of another region or account
 */
export function refuseElsewhere(
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  { stack, region, account }: Here,
): void {
  const recorded = recordedRequest(record?.request);
  refuse('aws', record, [
    {
      recorded: recorded?.region,
      here: region,
      message: `this stack is in ${recorded?.region}, not in ${region}`,
      nextSteps: [
        `use --region ${recorded?.region}`,
        `or tear it down there first: chainctl teardown aws --region ${recorded?.region}${stackOption(stack)}`,
      ],
    },
    {
      recorded: recorded?.account,
      here: account,
      message: `this stack belongs to AWS account ${recorded?.account}, and these credentials to ${account}`,
      nextSteps: [`use the credentials of ${recorded?.account}: --profile or AWS_PROFILE`],
    },
  ]);
}
