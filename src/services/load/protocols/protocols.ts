import type { RequestForm } from './ask.ts';
import { chain } from './chain.ts';
import { invoke } from './invoke.ts';
import { ollamaChat } from './ollama-chat.ts';
import { ollamaGenerate } from './ollama-generate.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiCompletions } from './openai-completions.ts';
import type { RequestProtocol } from './protocol.ts';
import { raw } from './raw.ts';

/** What can be spoken to a target. A new one is a file and a line here. */
export const PROTOCOLS: readonly RequestProtocol[] = [
  chain,
  invoke,
  openaiChat,
  openaiCompletions,
  ollamaGenerate,
  ollamaChat,
  raw,
];

/** @throws Error when there is none of this name */
export function protocolNamed(name: string): RequestProtocol {
  const found = PROTOCOLS.find((protocol) => protocol.name === name);
  if (found === undefined) throw new Error(`there is no request protocol "${name}"`);
  return found;
}

/**
 * The protocol of a load.
 *
 * @param api its name, where it is known; else the path of the URL decides
 */
export function protocolOf({ targetUrl, api }: { readonly targetUrl: string; readonly api?: string }): RequestProtocol {
  return api === undefined ? (protocolAt(new URL(targetUrl).pathname) ?? raw) : protocolNamed(api);
}

/** The protocol that is spoken at a path: that of the longest end which is known. */
export function protocolAt(path: string): RequestProtocol | undefined {
  const trimmed = path.replace(/\/+$/, '');
  const ends = PROTOCOLS.flatMap((protocol) => protocol.paths.map((end) => ({ protocol, end })));
  const known = ends.filter(({ end }) => trimmed.endsWith(end)).sort((a, b) => b.end.length - a.end.length);
  return known[0]?.protocol;
}

/** Whether requests of this form ask a stream for its token counts, which some servers refuse. */
export function asksForUsage({ api, stream, usage = true, template }: RequestForm): boolean {
  return stream && usage && template === undefined && protocolNamed(api).provider === 'openai';
}
