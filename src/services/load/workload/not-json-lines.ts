import type { RemedyError } from '../../../errors.ts';
import { brief } from '../engine/brief.ts';
import type { SourceFault } from './source-file.ts';

/** Names of columns: words between commas, semicolons or tabs. */
const HEADER = /^"?[A-Za-z_][\w .-]*"?([,;\t]"?[A-Za-z_][\w .-]*"?)+\s*$/;
const TO_JSON =
  'import csv,json,sys; [print(json.dumps(row)) for row in csv.DictReader(sys.stdin, delimiter="DELIMITER")]';

/**
 * That a data set is a table, or has plain text by the line, with the command that makes JSON of it.
 *
 * @param first record of the file
 * @returns undefined where it may be JSON
 */
export function notJsonLines(first: string, fault: SourceFault): RemedyError | undefined {
  const isTable = HEADER.test(first);
  if (!isTable && /^\s*[[{"]/.test(first)) return undefined;
  const [delimiter = ','] = /[,;\t]/.exec(first) ?? [];
  const [what, made, command] = isTable
    ? [
        'a table (CSV)',
        'a column "prompt" makes it one: ',
        `python3 -c '${tableToJson(delimiter)}' < FILE > data.jsonl`,
      ]
    : ['plain text', 'where each line is a prompt: ', `jq -cR '{prompt: .}' FILE > data.jsonl`];
  return fault.make(`it is ${what}, and not JSON by the line: "${brief(first.trim())}"`, [
    `${made}${command}`,
    'then give data.jsonl in its place',
  ]);
}

function tableToJson(delimiter: string): string {
  return TO_JSON.replace('DELIMITER', delimiter === '\t' ? '\\t' : delimiter);
}
