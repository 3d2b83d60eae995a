import { type Api, BROKEN, Failure } from './api.ts';
import { Progress } from './progress.ts';
import { textOf } from './state.ts';
import type { Message, Turn } from './turns.ts';

/** How often the text of an answer is drawn while it comes, in milliseconds. */
const DRAW_MS = 50;

interface Asked {
  readonly conversation: string;
  readonly turn: Turn;
  readonly messages: readonly Message[];
  /** The engine is a simulated one, as far as the page knows. */
  readonly simulated: boolean;
  readonly signal: AbortSignal;
}

/**
 * Has a question answered.
 * @param onChange told what is new of the turn, a few times a second
 * @returns what became of the turn; never throws
 */
export async function answered(
  api: Api,
  asked: Asked,
  onChange: (change: Partial<Turn>) => void,
): Promise<Partial<Turn>> {
  const { conversation, turn, messages, signal } = asked;
  const text: string[] = [];
  const reasoning: string[] = [];
  const progress = new Progress();
  progress.simulated = asked.simulated;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soFar = () => ({ answer: text.join(''), ...(reasoning.length > 0 && { reasoning: reasoning.join('') }) });
  const draw = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange({ ...soFar(), running: progress.running });
    }, DRAW_MS);
  };
  try {
    const { finish, model, chainctl, trimmed } = await api.chat({
      ...{ conversation, turn: turn.id, model: turn.model ?? '', messages, signal },
      onText(piece) {
        text.push(piece);
        progress.piece();
        draw();
      },
      onReasoning(piece) {
        reasoning.push(piece);
        draw();
      },
      onStep(step) {
        progress.step(step);
        draw();
      },
    });
    return { ...soFar(), state: 'complete', model: model ?? turn.model, chainctl, finish, trimmed };
  } catch (error) {
    // A refusal took no time worth telling.
    const refused = error instanceof Failure && error.status > 0;
    const known = { ...soFar(), chainctl: refused ? null : progress.measured };
    if (signal.aborted) return { ...known, state: 'stopped' };
    const failed = { ...known, state: 'failed', error: textOf(error) } as const;
    return error instanceof Failure && error.code === BROKEN ? asKept(api, conversation, turn.id, failed) : failed;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A browser throws away what it has not handed on when a connection breaks: often the last words, and the reason. The
 * server has kept what it sent.
 */
async function asKept(
  api: Api,
  conversation: string,
  turn: string,
  failed: Partial<Turn> & { readonly answer: string },
): Promise<Partial<Turn>> {
  try {
    const { answer, state, error, model, chainctl } = await api.turn(conversation, turn);
    const isMore = answer.length >= failed.answer.length && (state === 'failed' || state === 'complete');
    return isMore ? { ...failed, answer, state, error, model, chainctl } : failed;
  } catch {
    return failed;
  }
}
