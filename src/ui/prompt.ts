import { createInterface } from 'node:readline/promises';

interface PromptStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks the person to retype a name before something is destroyed. The end of the input counts as "no".
 *
 * @param expected what must be typed, e.g. the stack's name; spaces around the answer are forgiven
 * @returns whether it was typed
 * @throws the signal's reason when it is aborted while waiting
 */
export async function confirmByTyping(
  expected: string,
  question: string,
  streams: PromptStreams,
  signal: AbortSignal,
): Promise<boolean> {
  return (await ask(`${question}\nType ${expected} to go on: `, streams, signal)) === expected;
}

/** Asks a yes-or-no question; only "yes" in full is one. */
export async function askForYes(question: string, streams: PromptStreams, signal: AbortSignal): Promise<boolean> {
  return (await ask(`${question}\nType yes to go on: `, streams, signal))?.toLowerCase() === 'yes';
}

/** @returns the answer without spaces around it; undefined at the end of the input */
async function ask(question: string, streams: PromptStreams, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const prompt = createInterface({ ...streams, terminal: false });
  const ended = new Promise<undefined>((resolve) => prompt.once('close', () => resolve(undefined)));
  try {
    const asked = prompt.question(question, { signal });
    // Whichever comes first decides; the other must not become an unhandled rejection.
    asked.catch(() => {});
    const answer = await Promise.race([asked, ended]);
    return answer?.trim();
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    prompt.close();
  }
}
