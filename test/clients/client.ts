/** What is asked of a service through a client. */
export interface Ask {
  /** Where the service is; a client of OpenAI's API adds `/v1`. */
  readonly base: string;
  readonly model: string;
  /** The user's words. */
  readonly text?: string;
  readonly key?: string;
  readonly temperature?: number;
  /** Most tokens of the answer. */
  readonly most?: number;
  /** Offers a tool `weather(city)`. */
  readonly withTool?: boolean;
  /** Tries again as it does by itself; else it does not. */
  readonly retries?: boolean;
}

/** What a client makes of an answer. */
export interface Answer {
  readonly text: string;
  /** Pieces in which a stream came. */
  readonly pieces?: number;
  /** Tokens, where the client tells them. */
  readonly input?: number;
  readonly output?: number;
  /** Calls of tools: names and arguments. */
  readonly calls?: readonly { readonly name: string; readonly city: unknown }[];
}

/** What came of it: an answer, or all that the client shows of a failure. */
export type Outcome = { readonly answer: Answer } | { readonly shown: string };

/** A client that nobody here wrote, as one who uses it calls it. */
export interface Client {
  readonly name: string;
  chat(ask: Ask): Promise<Answer>;
  /** Reads a whole stream. */
  stream(ask: Ask): Promise<Answer>;
  /** Names of the models, where it can list them. */
  models?(ask: Ask): Promise<readonly string[]>;
  /** Dimensions of two vectors, where it can embed. */
  embed?(ask: Ask): Promise<readonly number[]>;
  close?(): Promise<void>;
}

/** The way that a client goes wrong as text, as a person sees it. */
export async function outcomeOf(answering: Promise<Answer>): Promise<Outcome> {
  try {
    return { answer: await answering };
  } catch (error) {
    return { shown: shownOf(error) };
  }
}

/** An error with its cause: what a terminal or a log has of it. */
function shownOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'object' ? JSON.stringify(error) : String(error);
  const last = 'lastError' in error ? shownOf(error.lastError) : '';
  return [error.message, last, error.cause === undefined ? '' : shownOf(error.cause)].filter(Boolean).join(': ');
}
