import { readFile } from 'node:fs/promises';
import { reasonOf, remedy } from '../../../errors.ts';
import { checkTemplate } from './body-template.ts';

/** It is kept with the run's settings, and goes to each generator. */
const MAX_BYTES = 1 << 20;

/**
 * The template of a body from a file.
 *
 * @throws RemedyError (exit 2) when it cannot be read, is over 1 MiB, or makes no JSON
 */
export async function readTemplate(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const fault = `cannot read the body file ${path}: ${reasonOf(error)}`;
    throw remedy.usage('body-template', fault, ['check the path given with --body-file'], error);
  });
  if (bytes.length > MAX_BYTES) {
    const fault = `${path} has ${bytes.length.toLocaleString('en-US')} bytes, and a template has at most 1 MiB`;
    throw remedy.usage('body-template', fault, ['prompts come from --prompt-file, and {{prompt}} stands for them']);
  }
  return checkTemplate(bytes.toString('utf8'), path);
}
