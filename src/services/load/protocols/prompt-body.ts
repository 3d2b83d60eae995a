import { markOf } from '../../chain/prompt-mark.ts';
import { TokenMeter } from '../engine/stream/token-meter.ts';
import { type PromptOptions, promptParts } from '../prompt.ts';
import { judgeStream } from './answers.ts';
import type { BodyOptions, RequestProtocol } from './protocol.ts';

/** Requests as A and B take them: a JSON object with the prompt; an answer may be asked for as a stream of tokens. */
export const promptBody: Pick<RequestProtocol, 'body' | 'headers' | 'stream'> = {
  body({ stream, ...prompt }: BodyOptions) {
    const { head, key, tail } = promptParts(prompt);
    return { head: `{"prompt":"${head}`, key, tail: `${tail}${stream ? ',"stream":true' : ''}}` };
  },
  headers: ({ stream, timeoutMs }) => ({
    'content-type': 'application/json',
    accept: stream ? 'application/x-ndjson, text/event-stream, application/json' : 'application/json',
    // The target need not work for nobody.
    'x-request-timeout-ms': String(Math.ceil(timeoutMs)),
  }),
  stream: { meter: () => new TokenMeter(), judge: judgeStream },
};

/** Makes whole bodies, by the index of the request; a negative one is of the warm-up. */
export function bodyMaker(
  protocol: Pick<RequestProtocol, 'body'>,
  { stream = false, ...prompt }: PromptOptions & { readonly stream?: boolean },
): (index: number) => string {
  const { head, key, tail } = protocol.body({ ...prompt, stream });
  return (index) => head + markOf(key, index) + tail;
}
