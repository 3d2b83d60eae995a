import { remedy } from '../../errors.ts';
import type { TargetRecord } from './state.ts';

/** One thing by which a place knows a stack of its own: region, account, project. */
export interface Whereabouts {
  readonly recorded: string | undefined;
  readonly here: string | undefined;
  readonly message: string;
  readonly nextSteps: readonly string[];
}

/**
 * Looked for elsewhere, a stack is not found, which must not be taken for "gone".
 *
 * @throws RemedyError `TARGET-elsewhere` (exit 3) when the record names objects of somewhere else
 */
export function refuseElsewhere(
  target: string,
  record: Pick<TargetRecord, 'resources'> | undefined,
  whereabouts: readonly Whereabouts[],
): void {
  if (Object.keys(record?.resources ?? {}).length === 0) return;
  const other = whereabouts.find(
    ({ recorded, here }) => recorded !== undefined && here !== undefined && recorded !== here,
  );
  if (other === undefined) return;
  throw remedy.configuration(`${target}-elsewhere`, other.message, [
    ...other.nextSteps,
    'or give the new one a name of its own with --stack',
  ]);
}
