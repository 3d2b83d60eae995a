import type { Socket } from 'node:net';
import { USER_AGENT } from '../user-agent.ts';
import type { ProxyServer } from './proxy.ts';

const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Asks a proxy for a tunnel (RFC 9110, 9.3.6).
 *
 * @param socket connected to the proxy, and never read from
 * @param origin host and port of the target
 * @param done told once; the error's code is `proxy-407` and the like where the proxy refuses
 */
export function openTunnel(
  socket: Socket,
  origin: string,
  proxy: ProxyServer,
  done: (error: NodeJS.ErrnoException | undefined) => void,
): void {
  let head = '';
  const end = (error: NodeJS.ErrnoException | undefined) => {
    socket.off('readable', read).off('error', end).off('end', closed);
    done(error);
  };
  const fail = (code: string, why: string) =>
    end(Object.assign(new Error(`the proxy ${proxy.url} ${why} (to ${origin})`), { code }));
  const closed = () => fail('proxy-closed', 'ended the connection instead of opening a tunnel');
  const read = () => {
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) {
      head += (bytes as Buffer).toString('latin1');
      const length = /\r?\n\r?\n/.exec(head);
      if (length === null && head.length < MAX_HEAD_BYTES) continue;
      const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)/.exec(head) ?? [];
      if (status === undefined || length === null) fail('proxy-answer', 'does not answer in HTTP');
      else if (status.startsWith('2')) end(undefined);
      else fail(`proxy-${status}`, `refuses a tunnel: ${status} ${reason.slice(0, 100)}`);
      return;
    }
  };
  socket.on('readable', read).on('error', end).on('end', closed);
  const authorization = proxy.authorization === undefined ? '' : `proxy-authorization: ${proxy.authorization}\r\n`;
  socket.write(
    `CONNECT ${origin} HTTP/1.1\r\nhost: ${origin}\r\nuser-agent: ${USER_AGENT}\r\n${authorization}\r\n`,
    'latin1',
  );
}
