import { chain } from './chain.ts';
import { invoke } from './invoke.ts';
import type { RequestProtocol } from './protocol.ts';
import { raw } from './raw.ts';

/** What can be spoken to a target. A new one is a file and a line here. */
const PROTOCOLS: readonly RequestProtocol[] = [chain, invoke, raw];

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
  if (api !== undefined) return protocolNamed(api);
  const path = new URL(targetUrl).pathname.replace(/\/+$/, '');
  return PROTOCOLS.find(({ paths }) => paths.some((end) => path.endsWith(end))) ?? raw;
}
