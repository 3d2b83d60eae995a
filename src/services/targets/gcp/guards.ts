import { ExitCode, RemedyError } from '../../../errors.ts';
import type { TargetRecord } from '../../stack/state.ts';
import { type GcpRequest, gcpRequestSchema } from './request.ts';

/** What the state says was asked for; undefined where nothing was, or nothing that this program understands. */
export function recordedRequest(request: unknown): GcpRequest | undefined {
  return gcpRequestSchema.safeParse(request).data;
}

/**
 * A stack is in one project. Looked for elsewhere it is not found, which must not be taken for "gone". Its zone may
 * change: the group moves.
 *
 * @throws RemedyError (exit 3) when the state names objects of another project
 */
export function refuseElsewhere(
  record: Pick<TargetRecord, 'request' | 'resources'> | undefined,
  here: { readonly project: string },
): void {
  const recorded = recordedRequest(record?.request);
  if (recorded === undefined || Object.keys(record?.resources ?? {}).length === 0) return;
  if (recorded.project === here.project) return;
  throw new RemedyError(`this stack is in project ${recorded.project}, not in ${here.project}`, {
    code: 'gcp-elsewhere',
    exit: ExitCode.configuration,
    nextSteps: [
      `use --project ${recorded.project}`,
      `or tear it down there first: chainctl teardown gcp --project ${recorded.project}`,
      'or give the new one a name of its own with --stack',
    ],
  });
}
