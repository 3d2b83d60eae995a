import { markKey, markOf } from '../chain/prompt-mark.ts';
import { type PromptOptions, promptText } from './prompt.ts';
import { asking, type RequestForm } from './protocols/ask.ts';
import { writeBody } from './protocols/write-body.ts';

/** A body that is the same for all requests but for their mark (see `writeMark`). */
export interface MarkedBody {
  readonly bytes: Buffer;
  /** Where the mark begins; a body that repeats the prompt has several. */
  readonly marksAt: readonly number[];
  readonly key: number;
}

/** The body of all requests of a point. */
export function markedBody(form: RequestForm, prompt: PromptOptions): MarkedBody {
  const key = markKey(prompt.seed, prompt.series);
  const bytes = Buffer.from(bodyOf(form, prompt, 0));
  const mark = markOf(key, 0);
  const marksAt: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) marksAt.push(at);
  return { bytes, marksAt, key };
}

/** One whole body, by the index of the request; a negative one is of the warm-up. */
export function bodyOf(form: RequestForm, prompt: PromptOptions, index: number): string {
  const mark = markOf(markKey(prompt.seed, prompt.series), index);
  return writeBody(asking(promptText(prompt, mark)), form);
}
