import { remedy } from '../../../errors.ts';
import { createChainClient } from '../../chain/client.ts';
import { unixTarget } from '../../dial/unix-target.ts';
import { secretIn } from '../target.ts';
import { findServers, isPrivate, onlyServer } from './find-servers.ts';

/** What is to be looked at; `isFree`: nobody bills for it. */
export interface QuickTarget {
  readonly url: string;
  /** What it is, where it was not named: `Ollama`, `the stack default`. */
  readonly title?: string;
  readonly isFree: boolean;
}

type Deps = Pick<Parameters<typeof createChainClient>[0], 'clock' | 'signal' | 'tokenOf' | 'proxyOf' | 'ca'> & {
  /** Where the deployed stack begins, where there is one. */
  readonly deployed: () => Promise<{ readonly url: string; readonly title: string } | undefined>;
};

/**
 * The server that is meant: the URL as it is given, the deployed stack, or the only one on the usual ports of this machine.
 *
 * @throws RemedyError: exit 2 for what is no URL or several servers, exit 3 for the only one where it asks for a key, exit 5
 *   where there is none
 */
export async function quickTarget(given: string | undefined, deps: Deps): Promise<QuickTarget> {
  if (given !== undefined) {
    const url = checked(given);
    return { url, isFree: isPrivate(url) };
  }
  const stack = await deps.deployed();
  // Whoever deployed it knows what it costs.
  if (stack !== undefined) return { ...stack, isFree: true };
  const client = createChainClient({ ...deps, timeoutMs: ASK_MS });
  try {
    // A key goes to nobody who was not named.
    const { url, title } = onlyServer(await findServers({ client, headers: {}, signal: deps.signal }));
    return { url, title, isFree: true };
  } finally {
    await client.close();
  }
}

const ASK_MS = 5000;

function checked(text: string): string {
  const socket = unixTarget(text);
  const url = URL.parse(socket ?? text);
  const fault = (why: string, example = 'http://127.0.0.1:11434') =>
    remedy.usage('target-invalid', `"${text}" ${why}`, [`write for example: chainctl quick ${example}`]);
  if (url === null || !(socket !== undefined || /^https?:$/.test(url.protocol)))
    throw fault('is no http URL', HOST.test(text) ? `http://${text}` : undefined);
  const secret = secretIn(url);
  if (secret !== undefined) {
    const next = secret.inHeader ?? 'write for example: chainctl quick http://127.0.0.1:11434';
    throw remedy.usage('target-invalid', `the address carries ${secret.what}, and is written into every result`, [
      next,
    ]);
  }
  url.hash = '';
  return url.href;
}

/** What lacks only `http://`: a host with or without a port and a path. */
const HOST = /^[\w.-]+(:\d{1,5})?(\/[\w./-]*)?$/;

/** Where every request carries more than a key: no command may repeat what such a header says. */
export const HEADER_PLACE = 'VALUE';

/** The flags that a further command needs to mean the same; never a value of a header. */
export function sameFlagsOf(flags: Readonly<Record<string, unknown>>): string[] {
  const { header, results } = flags;
  const named = ['api-key-file', 'api-key-header', 'token-file', 'ca-file', 'max-tokens-field', 'stack'];
  return [
    ...named.flatMap((name) => (typeof flags[name] === 'string' ? [`--${name}`, flags[name]] : [])),
    ...(Array.isArray(header) ? header : []).flatMap((each) => [
      '--header',
      `${String(each).replace(/:.*/s, '')}: ${HEADER_PLACE}`,
    ]),
    ...(typeof results === 'string' && results !== 'results' ? ['--results', results] : []),
  ];
}
