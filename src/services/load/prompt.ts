import { readFile } from 'node:fs/promises';
import { ExitCode, RemedyError, reasonOf } from '../../errors.ts';

/** The contract's lower bound for a prompt, in Unicode code points. */
const MIN_PROMPT_CODE_POINTS = 1000;

/** What is asked when no `--prompt-file` is given: plain prose, a little above the bound. */
export const DEFAULT_PROMPT = [
  'A small team runs a support desk for a regional railway. Every morning the night shift leaves a report that the day',
  'shift has to understand within a few minutes. Last night a signal near the river bridge lost its connection twice,',
  'and both times the controller switched to the spare line by hand, which took four minutes and then six. Eleven',
  'trains waited, three connections were missed at the main station, and one hundred and forty passengers were brought',
  'home by taxi. The technician who went out found water in a cable joint, dried it, sealed it and measured the line',
  'for an hour without another fault. The spare part for a lasting repair is ordered and arrives on Thursday. Until',
  'then the bridge is passed at half speed, which adds ninety seconds to every journey and puts the timetable of the',
  'branch line under strain between seven and nine in the morning. The press office asks for two sentences that it can',
  'publish, the operations manager wants to know what may go wrong before Thursday, and the union asks whether the',
  'night shift should be larger for the rest of the week. Describe the situation briefly, name the three most important',
  'risks in order, say what you would do first, and point out what is missing from this report.',
].join(' ');

/**
 * The prompt in a file, or the built-in one.
 *
 * @throws RemedyError (exit 2) when the file cannot be read or holds too little
 */
export async function readPrompt(path: string | undefined): Promise<string> {
  if (path === undefined) return DEFAULT_PROMPT;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new RemedyError(`cannot read the prompt file ${path}: ${reasonOf(error)}`, {
      code: 'prompt-unreadable',
      exit: ExitCode.usage,
      cause: error,
      nextSteps: ['check the path given with --prompt-file'],
    });
  }
  return checkPrompt(text, path);
}

/**
 * @param source where the text came from, for the message
 * @returns the text itself
 * @throws RemedyError (exit 2) when it is shorter than the services accept
 */
export function checkPrompt(text: string, source: string): string {
  const length = [...text].length;
  if (length >= MIN_PROMPT_CODE_POINTS) return text;
  throw new RemedyError(
    `the prompt in ${source} has ${length} characters, and the services take ${MIN_PROMPT_CODE_POINTS} or more`,
    {
      code: 'prompt-too-short',
      exit: ExitCode.usage,
      nextSteps: ['give a longer file, or leave --prompt-file out to use the built-in prompt'],
    },
  );
}

/**
 * Makes request bodies whose prompts differ from their first characters on, because engines reuse the work for a
 * common beginning. The rest stays the same, so that every request costs the model alike.
 *
 * @param prompt at least {@link MIN_PROMPT_CODE_POINTS} code points; what is added only makes it longer
 * @param seed the same seed makes the same bodies
 * @param series tells the points of one sweep apart
 */
export function bodyMaker(prompt: string, seed: number, series: number): (index: number) => string {
  const head = `{"prompt":"Case ${(seed >>> 0).toString(16).padStart(8, '0')}-${series}-`;
  const tail = `: ${JSON.stringify(prompt).slice(1)}}`;
  return (index) => `${head}${index < 0 ? `w${-index}` : index}${tail}`;
}
