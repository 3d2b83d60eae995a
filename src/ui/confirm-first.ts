import { ExitCode, RemedyError } from '../errors.ts';
import type { Emit, Event } from '../events.ts';
import { besideLead, entryOf, entryRows } from './format/entry.ts';
import { plain } from './format/text.ts';
import { confirmByTyping } from './prompt.ts';

interface ConfirmFirst {
  readonly emit: Emit;
  readonly canPrompt: boolean;
  readonly streams: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream };
  readonly signal: AbortSignal;
  /** Width of the terminal. */
  readonly columns: number;
}

/**
 * Holds events back until the person has agreed: a live view that has begun to draw would draw over the question.
 *
 * @returns `emit` to hand to the service, `ask` for its question, `release` to be called however it ends
 */
export function confirmFirst({ emit, canPrompt, streams, signal, columns }: ConfirmFirst) {
  let held: Event[] | undefined = [];
  const release = () => {
    const events = held ?? [];
    held = undefined;
    for (const event of events) emit(event);
  };
  return {
    emit(event: Event) {
      if (held === undefined) emit(event);
      else held.push(event);
    },
    release,
    /**
     * Asks with the plans and notes that were held back, and with `lines` below them.
     *
     * @throws RemedyError (exit 2) when the answer is no, or when there is nobody to ask
     */
    async ask(what: string, lines: readonly string[] = []): Promise<void> {
      const refused = (message: string, ...nextSteps: readonly string[]) =>
        new RemedyError(message, { code: 'confirmation', exit: ExitCode.usage, nextSteps });
      if (!canPrompt) {
        throw refused(`${what} needs a confirmation, and there is no terminal to ask at`, 'add --yes');
      }
      // Shown here, and not once more when the events are let go.
      const isPart = ({ type }: Event) => type === 'plan' || type === 'note';
      const shown = (held ?? []).filter(isPart).flatMap((event) => rowsOf(event, columns));
      held = held?.filter((event) => !isPart(event));
      const agreed = await confirmByTyping('yes', [...shown, ...lines].join('\n'), streams, signal);
      if (!agreed) throw refused('nothing was changed', 'type yes, or add --yes');
      release();
    },
  };
}

/** An event as the live view would have kept it. */
function rowsOf(event: Event, columns: number): string[] {
  const entry = entryOf(event, plain);
  if (entry === undefined) return [];
  return entryRows(entry, plain).flatMap(({ lead, text }) => besideLead(lead, text, columns));
}
