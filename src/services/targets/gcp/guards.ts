import { refuseElsewhere as refuse } from '../../stack/elsewhere.ts';
import { stackOption } from '../../stack/stack-option.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { recordedRequest } from './request.ts';

/**
 * A stack is in one project. Its zone may change: the group moves.
 *
 * @throws RemedyError (exit 3) when the state names objects of another project
 */
export function refuseElsewhere(
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  { stack, project }: { readonly stack: string; readonly project: string },
): void {
  const recorded = recordedRequest(record?.request)?.project;
  refuse('gcp', record, [
    {
      recorded,
      here: project,
      message: `this stack is in project ${recorded}, not in ${project}`,
      nextSteps: [
        `use --project ${recorded}`,
        `or tear it down there first: chainctl teardown gcp --project ${recorded}${stackOption(stack)}`,
      ],
    },
  ]);
}
