/** One message of a conversation, as every chat API has it. */
interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What one request asks for, before a protocol writes it. */
export interface Ask {
  /** A plain prompt is one message of the user. */
  readonly messages: readonly Message[];
  /** Most tokens of the answer; absent: the target decides. */
  readonly maxTokens?: number;
  /** Number of the request in its point, for templates. */
  readonly request?: number;
}

/** How all requests of a load ask: the same for each of them, and no secret. */
export interface RequestForm {
  /** Name of the request protocol. */
  readonly api: string;
  /** Ask for a streamed answer (NDJSON or server-sent events), and measure its tokens. */
  readonly stream: boolean;
  /** The model that is asked for, by APIs that name one in the request. */
  readonly model?: string;
  /** Ask streams of OpenAI's APIs for their token counts; default yes. Some targets refuse the field. */
  readonly usage?: boolean;
  /** What OpenAI's APIs call the most tokens of an answer; default `max_tokens`, which every server knows. */
  readonly maxTokensField?: string;
  readonly temperature?: number;
  /** Ask the model not to end before its most tokens (vLLM, SGLang). */
  readonly ignoreEos?: boolean;
  /** The body, with places to fill in; in place of the protocol's own. See `body-template.ts`. */
  readonly template?: string;
}

/** A plain prompt. */
export function asking(prompt: string): Ask {
  return { messages: [{ role: 'user', content: prompt }] };
}

/** The text of a conversation for an API that takes one prompt; a plain prompt stays as it is. */
export function promptOf({ messages }: Ask): string {
  const [only, ...more] = messages;
  if (only !== undefined && more.length === 0) return only.content;
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
}
