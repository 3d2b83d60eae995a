import { promptOf } from './ask.ts';
import type { RequestProtocol } from './protocol.ts';

/** Requests as A and B take them: a JSON object with the prompt; an answer may be asked for as a stream of tokens. */
export const promptJson: Pick<RequestProtocol, 'body' | 'headers'> = {
  body: (ask, { stream }) => JSON.stringify({ prompt: promptOf(ask), ...(stream ? { stream } : {}) }),
  headers: ({ stream, timeoutMs }) => ({
    'content-type': 'application/json',
    accept: stream ? 'application/x-ndjson, text/event-stream, application/json' : 'application/json',
    // The target need not work for nobody.
    'x-request-timeout-ms': String(Math.ceil(timeoutMs)),
  }),
};
