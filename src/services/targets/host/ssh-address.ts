import { remedy } from '../../../errors.ts';
import type { SshAddress } from '../../machine/access.ts';

/**
 * Reads `user@address`, `user@address:port` or, for IPv6, `user@[address]:port`.
 *
 * @throws RemedyError (exit 2)
 */
export function parseSshAddress(text: string): SshAddress {
  const { user, bracketed, plain, port } =
    /^(?<user>[a-z_][a-z0-9_.-]*)@(?:\[(?<bracketed>[0-9a-fA-F:.%]+)\]|(?<plain>[A-Za-z0-9][A-Za-z0-9._-]*))(?::(?<port>\d{1,5}))?$/.exec(
      text.trim(),
    )?.groups ?? {};
  const address = bracketed ?? plain;
  const number = port === undefined ? 22 : Number(port);
  if (user !== undefined && address !== undefined && number > 0 && number < 65_536) {
    return { user, address, port: number };
  }
  throw remedy.usage('usage', `--ssh: "${text}" is not a machine's address`, [
    'write user@address or user@address:port, for example ubuntu@192.0.2.10',
  ]);
}

/** The base URL of a port on a machine. */
export function httpBase(address: string, port: number): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
