import { isIP } from 'node:net';
import { remedy } from '../../../errors.ts';
import { type Asking, askServer, type FoundServer, judgeServer } from '../discovery/ask-server.ts';
import { USUAL_PORTS } from './ports.ts';

/** A server of models on this machine. */
export interface Server {
  readonly url: string;
  readonly title: string;
  /** Name of its request protocol. */
  readonly api: FoundServer['api'];
}

/** Asks the usual ports of this machine, all at once. Nothing is asked of any other. */
export async function findServers(asking: Asking, ports = USUAL_PORTS): Promise<Server[]> {
  const found = await Promise.all(
    ports.map(async ({ port }): Promise<Server[]> => {
      const url = `http://127.0.0.1:${port}`;
      const server = judgeServer(await askServer(url, asking));
      return server === undefined ? [] : [{ url, title: server.title, api: server.api }];
    }),
  );
  return found.flat();
}

/**
 * The one that is meant.
 *
 * @throws RemedyError: exit 5 where there is none, exit 2 where there are several
 */
export function onlyServer(servers: readonly Server[], ports = USUAL_PORTS): Server {
  const [first, ...more] = servers;
  if (first === undefined) {
    const tried = ports.map(({ port, of }) => `${port} (${of})`).join(', ');
    throw remedy.unhealthy('no-server', `no server of models answers on this machine: tried the ports ${tried}`, [
      'start one: "ollama serve", or "chainctl deploy local"',
      'or name it: chainctl quick http://127.0.0.1:PORT',
    ]);
  }
  if (more.length === 0) return first;
  const names = servers.map(({ url, title }) => `${title} at ${url}`).join(', ');
  throw remedy.usage('several-servers', `there are ${servers.length} servers: ${names}`, [
    'name the one that is to be measured:',
    ...servers.map(({ url }) => `chainctl quick ${url}`),
  ]);
}

/** Whether requests to it stay on this machine, or in its own network: nobody bills for them. */
export function isPrivate(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.local') || host.endsWith('.internal'))
    return true;
  if (isIP(host) === 6) return host === '::1' || /^f[cd]|^fe[89ab]/i.test(host);
  return (
    isIP(host) === 4 &&
    /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[789]\d|1[01]\d|12[0-7]))\./.test(host)
  );
}
