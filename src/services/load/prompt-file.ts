import { remedy } from '../../errors.ts';
import { notText, readTextFile } from '../files/text-file.ts';
import { parseJson, shellWord } from '../words.ts';
import { DEFAULT_PROMPT } from './prompt.ts';

/** More than the context of any model, and every request carries it. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * The prompt in a file, or the built-in one.
 *
 * @throws RemedyError (exit 2) when the file is not a text that can be a prompt
 */
export async function readPrompt(path: string | undefined): Promise<string> {
  if (path === undefined) return DEFAULT_PROMPT;
  const flag = '--prompt-file';
  const text = await readTextFile(path, { what: 'prompt file', flag, code: 'prompt', most: MOST_BYTES });
  const form = dataForm(text);
  if (form === undefined) return text;
  throw notText(`the prompt file ${path} is ${form}, and every request would carry all of it`, 'prompt', [
    `for a prompt of it in each request: --dataset ${shellWord(path)}`,
    'if the data itself is the prompt, begin the file with a line that says what to do with it',
  ]);
}

/** What a text is that holds many prompts, or one in a form of its own; undefined for prose, also about JSON. */
function dataForm(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  if (isData(parseJson(text))) return 'JSON';
  const [first = '', second = ''] = text.trim().split(/\r?\n/, 2);
  return isData(parseJson(first)) && isData(parseJson(second)) ? 'JSONL (JSON in every line)' : undefined;
}

function isData(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/**
 * That a prompt is as long as what answers asks for.
 *
 * @throws RemedyError (exit 2)
 */
export function checkPromptLength(prompt: string, { minPrompt = 0 }: { readonly minPrompt?: number }): void {
  const length = [...prompt].length;
  if (length >= minPrompt) return;
  throw remedy.usage(
    'prompt-too-short',
    `the prompt has ${length} characters, and the services of the chain take ${minPrompt} or more`,
    ['give a longer file, or leave --prompt-file out to use the built-in prompt'],
  );
}
