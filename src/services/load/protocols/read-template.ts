import { reasonOf, remedy } from '../../../errors.ts';
import { readWhole } from '../../files/read-whole.ts';
import { decodedText } from '../../files/text-file.ts';
import { checkTemplate } from './body-template.ts';

/** It is kept with the run's settings, and goes to each generator. */
const MAX_BYTES = 1 << 20;

/**
 * The template of a body from a file.
 *
 * @throws RemedyError (exit 2) when it cannot be read, is over 1 MiB, or makes no JSON
 */
export async function readTemplate(path: string): Promise<string> {
  const bytes = await readWhole(path, MAX_BYTES).catch((error: unknown) => {
    const fault = `cannot read the body file ${path}: ${reasonOf(error)}`;
    const next = [
      'check the path given with --body-file',
      'prompts come from --prompt-file: {{prompt}} stands for them',
    ];
    throw remedy.usage('body-template', fault, next, error);
  });
  const text = decodedText(bytes, path, { what: 'body file', flag: '--body-file', code: 'body-template' });
  return checkTemplate(text, path);
}
