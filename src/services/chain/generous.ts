import type { ProxyServer } from '../dial/proxy.ts';

/** One request, for who reads answers that the usual client takes for none: lines that end in a bare LF, folded headers. */
export interface GenerousRequest {
  readonly url: string;
  readonly proxy?: ProxyServer;
  readonly ca?: string;
  /** Request line and headers, each with its line end; `content-length` is added. */
  readonly head: string;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Told of each piece of the text, decoded. */
  readonly onText: (bytes: Buffer) => void;
}

export interface GenerousAnswer {
  readonly status: number;
  readonly location: string | undefined;
}

/** Rejects with what is wrong. */
export type ReadGenerously = (request: GenerousRequest) => Promise<GenerousAnswer>;

/** Whether an answer came that the usual client did not understand. */
export function isNotUnderstood(error: unknown): boolean {
  const { code = '', name, message } = (error instanceof Error ? error : new Error()) as NodeJS.ErrnoException;
  return (
    /^(HPE_|UND_ERR_RES_CONTENT_LENGTH_MISMATCH$)/.test(code) ||
    name === 'HTTPParserError' ||
    // An interim answer that nobody asked for.
    (code === 'UND_ERR_SOCKET' && message === 'bad response')
  );
}
