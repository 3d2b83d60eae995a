import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../../common/problem.ts';
import { AnswerReader } from './answer-reader.ts';
import type { History } from './history.ts';
import { watchQuestion } from './question.ts';
import { ID } from './turn.ts';
import type { Visitors } from './visitors.ts';

/** Which turn of which conversation a chat is the answer to. Sent by the page; any client may. */
const CONVERSATION_HEADER = 'x-chainctl-conversation';
const TURN_HEADER = 'x-chainctl-turn';

export interface KeepOptions {
  readonly history: History;
  readonly visitors: Visitors;
  /** Larger bodies are refused. */
  readonly maxBodyBytes: number;
  /** Whether this service's engine is a simulated one, as it was found last. */
  readonly simulated: () => Promise<boolean>;
}

/**
 * Looks on while an answer is sent, and keeps it when it ends, however it ends: also where the page has been closed, or its
 * reader stopped it. It sees what every reader of the answer sees, so it needs to know nothing of how answers are made;
 * chats without the headers are not looked at.
 *
 * @returns why this chat is not to be answered: another origin's page would write into the conversations
 */
export function keepAnswer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { history, visitors, maxBodyBytes, simulated }: KeepOptions,
): Problem | undefined {
  const conversation = incoming.headers[CONVERSATION_HEADER];
  const turn = incoming.headers[TURN_HEADER];
  if (!history.on || typeof conversation !== 'string' || typeof turn !== 'string') return undefined;
  const foreign = visitors.foreign(incoming.headers);
  if (foreign) return foreign;
  if (!ID.test(conversation) || !ID.test(turn)) return undefined;
  // The page says so, since it may not see its conversations, either; its chats go on.
  if (visitors.unnamed(incoming.headers)) return undefined;
  const answer = new AnswerReader();
  simulated().then(
    (is) => {
      answer.simulated = is;
    },
    () => {},
  );
  const question = watchQuestion(incoming, maxBodyBytes);
  let kept = false;
  const keep = () => {
    // Only what was really answered: a refusal has another status, and the page knows it.
    if (kept || outgoing.statusCode !== 200 || !answer.begun) return;
    kept = true;
    const write = { question: question(), ...answer.result };
    // Said on stderr by `history`; the page finds out when it writes the same turn.
    void history.use((store) => store.put(conversation, turn, write), { writes: true }).catch(() => {});
  };
  const look = (chunk: unknown, isLast: boolean) => {
    if (outgoing.statusCode !== 200 || kept) return;
    if (typeof chunk === 'string') answer.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) answer.push(chunk);
    if (isLast) answer.end();
    // Before the last bytes leave: it is kept, or on its way, when the page has seen them.
    if (answer.ended) keep();
  };
  const { write, end } = outgoing;
  outgoing.write = function (this: ServerResponse, ...args: unknown[]) {
    look(args[0], false);
    return write.apply(this, args as never);
  } as typeof write;
  outgoing.end = function (this: ServerResponse, ...args: unknown[]) {
    look(args[0], true);
    return end.apply(this, args as never);
  } as typeof end;
  outgoing.once('close', keep);
  return undefined;
}
