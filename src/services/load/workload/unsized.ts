import { remedy } from '../../../errors.ts';
import { LoadedData } from './loaded.ts';
import { placeText } from './records.ts';
import type { AskSettings, WorkloadSettings } from './settings.ts';

/**
 * That answers are to be as long as a file has them (`--max-tokens dataset`), and parts of it do not say: which, and what
 * becomes of them.
 *
 * @param data what the workload refers to
 * @param turns of a session; from two on entries are conversations
 * @returns a sentence for each file
 * @throws RemedyError (exit 2) where nothing in a file says it: nothing would be as it was asked for
 */
export function unsizedNotes(workload: WorkloadSettings | undefined, data = new LoadedData(), turns = 1): string[] {
  const { mix, trace } = workload ?? {};
  if (trace !== undefined) return workload?.maxTokens?.kind === 'dataset' ? ofTrace(trace.name, data) : [];
  const classes = (mix ?? [workload ?? {}]).filter(({ maxTokens }) => maxTokens?.kind === 'dataset');
  const files = new Map(classes.flatMap(({ dataset }) => (dataset === undefined ? [] : [[dataset.sha256, dataset]])));
  return [...files.values()].flatMap((file) => ofDataset(file, data, turns > 1));
}

function ofDataset(file: NonNullable<AskSettings['dataset']>, data: LoadedData, isTurns: boolean): string[] {
  const { count, places } = data.unsized(file, isTurns ? 'conversations' : 'requests');
  const more = count > places.length ? ` and ${count - places.length} more` : '';
  const where = `${places.map(placeText).join(', ')}${more}`;
  const what = isTurns ? 'conversations with a turn of which' : 'entries of which';
  return lacking(file.name, `${what} nothing tells how long the answer was`, count, file.entries, where);
}

function ofTrace(name: string, { trace }: LoadedData): string[] {
  const rows = trace?.rows ?? [];
  const count = rows.filter(({ maxTokens }) => maxTokens === undefined).length;
  return lacking(name, 'requests of which nothing tells how long the answer was', count, rows.length);
}

function lacking(name: string, what: string, count: number, of: number, where?: string): string[] {
  if (count === 0) return [];
  const at = where === undefined ? '' : ` (${where})`;
  if (count < of) {
    return [
      `--max-tokens dataset: ${name} has ${count} of ${of} ${what}${at}: those are as long as the target makes them`,
    ];
  }
  throw remedy.usage('usage', `--max-tokens dataset: in ${name} nothing tells how long the answers were`, [
    'give a length: --max-tokens 128, or leave it out: answers are then as long as the target makes them',
    'an entry tells it by "max_tokens" or "output_tokens", or by an answer: "completion", or an assistant\'s turn',
  ]);
}
