import { remedy } from '../../../errors.ts';
import { createChainClient } from '../../chain/client.ts';
import { findServers, isPrivate, onlyServer } from './find-servers.ts';

/** What is to be looked at; `isFree`: nobody bills for it. */
export interface QuickTarget {
  readonly url: string;
  readonly isFree: boolean;
}

type Deps = Pick<Parameters<typeof createChainClient>[0], 'clock' | 'signal' | 'tokenOf' | 'proxyOf' | 'ca'> & {
  /** Where the deployed stack begins, where there is one. */
  readonly deployed: () => Promise<string | undefined>;
};

/**
 * The server that is meant: the URL as it is given, the deployed stack, or the only one on the usual ports of this machine.
 *
 * @throws RemedyError: exit 2 for what is no URL or several servers, exit 5 where there is none
 */
export async function quickTarget(given: string | undefined, deps: Deps): Promise<QuickTarget> {
  if (given !== undefined) {
    const url = checked(given);
    return { url, isFree: isPrivate(url) };
  }
  const stack = await deps.deployed();
  // Whoever deployed it knows what it costs.
  if (stack !== undefined) return { url: stack, isFree: true };
  const client = createChainClient({ ...deps, timeoutMs: ASK_MS });
  try {
    // A key goes to nobody who was not named.
    const servers = await findServers({ client, headers: {}, signal: deps.signal });
    return { url: onlyServer(servers).url, isFree: true };
  } finally {
    await client.close();
  }
}

const ASK_MS = 5000;

function checked(text: string): string {
  const url = URL.parse(text);
  const fault = (why: string) =>
    remedy.usage('target-invalid', `"${text}" ${why}`, ['write for example: chainctl quick http://127.0.0.1:11434']);
  if (url === null || !/^https?:$/.test(url.protocol)) throw fault('is no http URL');
  if (url.username !== '' || url.password !== '')
    throw fault('carries a user name or password, and is written into every result');
  url.hash = '';
  return url.href;
}

/** The flags that a further command needs to be let in; never a value of a header. */
export function keyFlagsOf(flags: Readonly<Record<string, unknown>>): string[] {
  return ['api-key-file', 'api-key-header', 'token-file', 'ca-file'].flatMap((name) =>
    typeof flags[name] === 'string' ? [`--${name}`, flags[name]] : [],
  );
}
