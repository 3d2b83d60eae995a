/** One write of a streamed answer. */
export interface Write {
  /** Milliseconds from the arrival of the request. */
  readonly at: number;
  readonly text: string;
  /** Whether a token is there with it. */
  readonly isToken?: boolean;
}

const ID = 'chatcmpl-4f3b5c6d7e8f90123456789abcdef012';

/** A server-sent event as vLLM writes it. */
function event(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return data({ id: ID, object: 'chat.completion.chunk', created: 1764500000, model: 'known', choices });
}

function data(body: object): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

/** A token of the answer. */
export const TOKEN = event({ content: ' token' });
const ROLE = event({ role: 'assistant', content: '' });
const DONE = 'data: [DONE]\n\n';

/** How an answer ends that told its count. */
export function ending(tokens: number): string {
  const usage = { prompt_tokens: 100, completion_tokens: tokens, total_tokens: 100 + tokens };
  return event({}, 'stop') + data({ id: ID, object: 'chat.completion.chunk', choices: [], usage }) + DONE;
}

function paced(count: number, first: number, every: number, text: string, isToken = true): Write[] {
  return Array.from({ length: count }, (_, i) => ({ at: first + i * every, text, isToken }));
}

/** Streams of which everything is known, by the last part of their path; each begins with a role that is no token. */
export const SCRIPTS: Readonly<Record<string, readonly Write[]>> = {
  early: [{ at: 0, text: ROLE }, ...paced(10, 120, 20, TOKEN)],
  four: [
    { at: 0, text: ROLE },
    ...paced(25, 120, 40, event({ content: ' four of them at' })),
    { at: 1085, text: ending(100) },
  ],
  reasoning: [
    { at: 0, text: ROLE },
    ...paced(10, 120, 20, event({ reasoning_content: ' hm' })),
    ...paced(10, 340, 20, TOKEN),
    { at: 650, text: ending(20) },
  ],
  stall: [
    { at: 0, text: ROLE },
    ...paced(10, 120, 20, TOKEN),
    ...paced(10, 600, 20, TOKEN),
    { at: 790, text: ending(20) },
  ],
  // Each event comes in two halves: it is there with the second.
  drip: [
    { at: 0, text: ROLE },
    ...paced(8, 100, 100, TOKEN.slice(0, 40), false),
    ...paced(8, 150, 100, TOKEN.slice(40)),
    { at: 860, text: ending(8) },
  ].toSorted((a, b) => a.at - b.at),
  error: [
    { at: 0, text: ROLE },
    ...paced(5, 20, 20, TOKEN),
    { at: 120, text: data({ error: { message: 'the engine is gone', type: 'internal_error', code: 500 } }) },
  ],
  usage: [
    { at: 0, text: ROLE },
    { at: 200, text: ending(20) },
  ],
  coalesced: [{ at: 0, text: ROLE }, ...paced(10, 120, 40, TOKEN.repeat(4)), { at: 490, text: ending(40) }],
};
