import { isIP } from 'node:net';
import { remedy } from '../../../errors.ts';
import { socketOf } from '../../dial/unix-target.ts';
import { type Asking, askServer, asksForKey, judgeServer } from '../discovery/ask-server.ts';
import { USUAL_PORTS } from './ports.ts';

/** A server of models on this machine. */
export interface Server {
  readonly url: string;
  readonly title: string;
  /** It lets nobody in without a key: what it is, is not known. */
  readonly isLocked?: boolean;
}

/** Asks the usual ports of this machine, all at once. Nothing is asked of any other. */
export async function findServers(asking: Asking, ports = USUAL_PORTS): Promise<Server[]> {
  const found = await Promise.all(
    ports.map(async ({ port }): Promise<Server[]> => {
      const url = `http://127.0.0.1:${port}`;
      const heard = await askServer(url, asking);
      const server = judgeServer(heard);
      if (server !== undefined) return [{ url, title: server.title }];
      return asksForKey(heard) ? [{ url, title: 'a server that asks for a key', isLocked: true }] : [];
    }),
  );
  return found.flat();
}

/**
 * The one that is meant.
 *
 * @throws RemedyError: exit 5 where there is none, exit 3 where it asks for a key, exit 2 where there are several
 */
export function onlyServer(servers: readonly Server[], ports = USUAL_PORTS): Server {
  const open = servers.filter(({ isLocked }) => !isLocked);
  const [first] = open.length > 0 ? open : servers;
  if (first === undefined) {
    const tried = ports.map(({ port, of }) => `${port} (${of})`).join(', ');
    throw remedy.unhealthy('no-server', `no server of models answers on this machine: tried the ports ${tried}`, [
      'name one that is elsewhere: chainctl quick http://HOST:PORT',
      'or start one: ollama serve & sleep 2; ollama pull gemma3:270m; chainctl quick',
      'or see how it looks without a model: chainctl deploy local && chainctl quick',
    ]);
  }
  // What asks for a key may be anything: it stands in nobody's way.
  if (open.length === 1) return first;
  const commands = servers.map(({ url, isLocked }) => `chainctl quick ${url}${isLocked ? ' --api-key-file FILE' : ''}`);
  if (open.length === 0) {
    const urls = servers.map(({ url }) => url).join(', ');
    const fault = `no server of models answers without a key, and a key goes to none that was not named; one is asked for by ${urls}`;
    throw remedy.configuration('unauthorized', fault, ['name the server, and the file with its key:', ...commands]);
  }
  const names = servers.map(({ url, title }) => `${title} at ${url}`).join(', ');
  const fault = `there are ${servers.length} servers: ${names}`;
  throw remedy.usage('several-servers', fault, ['name the one that is to be measured:', ...commands]);
}

/** Whether requests to it stay on this machine, or in its own network: nobody bills for them. */
export function isPrivate(url: string): boolean {
  if (socketOf(new URL(url)) !== undefined) return true;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.local') || host.endsWith('.internal'))
    return true;
  if (isIP(host) === 6) return host === '::1' || /^f[cd]|^fe[89ab]/i.test(host);
  return (
    isIP(host) === 4 &&
    /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[789]\d|1[01]\d|12[0-7]))\./.test(host)
  );
}
