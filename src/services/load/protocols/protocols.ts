import { targetName } from '../target.ts';
import { any } from './any.ts';
import { chain } from './chain.ts';
import { invoke } from './invoke.ts';
import type { RequestProtocol } from './protocol.ts';

/** What can be spoken to a target. A new one is a file and a line here. */
const PROTOCOLS: readonly RequestProtocol[] = [chain, invoke, any];

/** @throws Error when there is none of this name */
export function protocolNamed(name: string): RequestProtocol {
  const found = PROTOCOLS.find((protocol) => protocol.name === name);
  if (found === undefined) throw new Error(`there is no request protocol "${name}"`);
  return found;
}

/** The protocol that is spoken at a URL, by the last word of its path. */
export function protocolOf(targetUrl: string): RequestProtocol {
  const name = targetName(targetUrl);
  return PROTOCOLS.find(({ path }) => path === name) ?? any;
}
