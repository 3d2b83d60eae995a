import { parseObject, plainText } from '../engine-error.ts';
import type { Redact } from '../redact.ts';
import type { Upstream, UpstreamReply } from '../upstream.ts';
import { AnswerBuilder } from './answer.ts';
import type { EngineAnswer, EngineRun } from './engine.ts';
import { EngineFault } from './fault.ts';
import type { Framing, TakeMessage } from './framing.ts';

export interface StreamedExchange {
  readonly path: string;
  readonly body: unknown;
  /** To the first token and between two, in milliseconds. */
  readonly timeoutMs: number;
  readonly framing: (take: TakeMessage) => Framing;
  /** Takes one message of the engine; `bytes` is about its length. Throws an `EngineFault`. */
  readonly take: (builder: AnswerBuilder, message: Record<string, unknown>, bytes: number) => void;
  /** A message that is no JSON and ends the answer: `[DONE]`. */
  readonly last?: string;
  /** The `Problem` for an answer other than 200. */
  readonly refused: (reply: UpstreamReply) => unknown;
  /** Hides the key in what the engine says of a failure. */
  readonly redact?: Redact;
}

const EARLY_END = 'ended its answer before the last event';

/**
 * Sends a request whose answer is a stream, and reads that to its end. Rejects with what `refused` says, an
 * `EngineFault` for a stream that is broken in itself, an `UpstreamError` or the scope's `Problem`.
 */
export function exchangeStream(
  upstream: Pick<Upstream, 'request'>,
  { body, ...exchange }: StreamedExchange,
  run: EngineRun,
): Promise<EngineAnswer> {
  const builder = new AnswerBuilder(run.sink, run.isPassedOn);
  let hasEnded = false;
  const framing = exchange.framing((text, isError) => takeMessage(exchange, builder, text, { isError, hasEnded }));
  // Not awaited here: the body would be kept until the answer has ended.
  const asked = upstream.request({
    method: 'POST',
    path: exchange.path,
    body: JSON.stringify(body),
    timeoutMs: exchange.timeoutMs,
    scope: run.scope,
    onResend: run.onResend,
    ...(run.headers && { headers: run.headers }),
    onBytes: (bytes, progress) => {
      const fault = faultOf(() => framing.push(bytes));
      // What came before the fault was said, all the same.
      const flushed = builder.flush();
      if (flushed) progress.more();
      if (builder.complete) progress.whole();
      if (fault === undefined) return flushed?.wait;
      if (flushed?.wait === undefined) throw fault;
      return flushed.wait.then(() => {
        throw fault;
      });
    },
  });
  return asked.then(async (reply) => {
    if (reply.status !== 200) throw exchange.refused(reply);
    // An engine that does not stream sends one JSON value instead: it is read as a stream of one message.
    if (reply.text !== '') takeMessage(exchange, builder, reply.text, { isError: false, hasEnded });
    else if (!builder.complete) {
      hasEnded = true;
      framing.end();
    }
    await builder.flush()?.wait;
    if (!builder.complete && builder.finish === undefined) throw new EngineFault(EARLY_END);
    builder.simulated ||= reply.headers['x-chainctl-simulated'] === '1';
    return builder.build();
  });
}

function takeMessage(
  exchange: Omit<StreamedExchange, 'body'>,
  builder: AnswerBuilder,
  text: string,
  { isError, hasEnded }: { isError: boolean; hasEnded: boolean },
): void {
  if (builder.complete) return;
  if (text === exchange.last) {
    builder.end();
    return;
  }
  const message = parseObject(text);
  if (message === undefined) {
    // Before it is cut: half a key would stay.
    const shown = exchange.redact?.(text) ?? text;
    if (isError) throw new EngineFault(plainText(shown));
    // Half a message.
    if (hasEnded) throw new EngineFault(EARLY_END);
    throw new EngineFault(`sent something that is not JSON: ${plainText(shown.slice(0, 200))}`);
  }
  const isFault = isError || message.object === 'error' || (message.error !== undefined && message.error !== null);
  if (isFault) throw new EngineFault(faultText(message, exchange.redact));
  exchange.take(builder, message, text.length);
}

function faultOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function faultText(message: Record<string, unknown>, redact: Redact = (text) => text): string {
  const { error } = message;
  const nested = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error;
  const said = nested ?? message.message ?? message.detail;
  return (typeof said === 'string' && plainText(redact(said))) || 'reported an error without a reason';
}
