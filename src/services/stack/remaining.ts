import type { Target } from './resource.ts';
import { stackOption } from './stack-option.ts';
import type { ResourceRecord } from './state.ts';
import { describeIdentity, type StepDeps } from './steps.ts';

/**
 * After work that did not come to its end: says as a warning what exists, what of it costs money, and how to be rid of
 * it. From the journal, so that it holds whatever went wrong.
 *
 * @param orElse what else can be done, beside a teardown
 */
export function noteRemaining(
  target: Target,
  { context, journal }: Pick<StepDeps, 'context' | 'journal'>,
  orElse?: string,
): void {
  const entries = Object.entries(journal.target.resources);
  if (entries.length === 0) return;
  const list = entries.map(([key, record]) => {
    const cost = target.costOf?.(key, record.spec);
    return `${key}${describeRecord(record)}${cost === undefined ? '' : ` (${cost})`}`;
  });
  const remedy = `chainctl teardown ${target.name}${stackOption(journal.stack)}`;
  const text = `still there: ${list.join(', ')}; "${remedy}" removes it${orElse === undefined ? '' : `, ${orElse}`}`;
  context.emit({ type: 'note', level: 'warn', text });
}

function describeRecord({ status, identity }: ResourceRecord): string {
  const known = Object.keys(identity).length > 0 ? ` ${describeIdentity(identity)}` : '';
  if (status === 'creating') return `${known}, perhaps (it was being made)`;
  return status === 'removing' ? `${known}, perhaps (it was being removed)` : known;
}
