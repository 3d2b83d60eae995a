import { BlockList, isIP } from 'node:net';
import { remedy } from '../../errors.ts';
import { defined } from '../defined.ts';

/** A proxy that stands between here and a target. */
export interface ProxyServer {
  /** `http://` or `https://`, without user name and password: it may be shown. */
  readonly url: string;
  /** Value of `proxy-authorization`, where it asks for one. Secret. */
  readonly authorization?: string;
  /** The variable that names it. */
  readonly from: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy through which a target is asked, as curl, k6 and vegeta have it: `http_proxy` or `https_proxy` by the target's
 * scheme, also in capitals, unless `no_proxy` names the target. This machine itself and socket files are never asked
 * through one.
 *
 * @throws RemedyError (exit 2) when the variable that applies names no proxy that could be used
 */
export function proxyFor(target: string, env: Environment): ProxyServer | undefined {
  const url = new URL(target);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const setting = variable(env, `${url.protocol.slice(0, -1)}_proxy`);
  if (setting === undefined || isLocal(hostOf(url)) || isExempt(url, variable(env, 'no_proxy')?.value ?? '')) return;
  const { name, value } = setting;
  const proxy = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (proxy === null || !/^https?:$/.test(proxy.protocol) || proxy.hostname === '') {
    const scheme = proxy === null ? '' : `, and "${proxy.protocol.replace(/:$/, '')}" is none that is known`;
    throw remedy.usage('proxy-invalid', `${name} names no http or https proxy${scheme}`, [
      `write it as ${name}=http://proxy.example:3128`,
      `or ask the target directly: NO_PROXY=${hostOf(url)} chainctl ...`,
    ]);
  }
  const { username, password } = proxy;
  const secret = `${unescaped(username)}:${unescaped(password)}`;
  const authorization = username === '' ? undefined : `Basic ${Buffer.from(secret).toString('base64')}`;
  return defined({ url: proxy.origin, authorization, from: name });
}

/** What a reader of the figures has to know of it. */
export function proxyNote({ url, from }: ProxyServer, target: string): string {
  const { host, hostname } = new URL(target);
  return (
    `requests to ${host} go through the proxy ${url} (${from}): the figures are those of both. ` +
    `NO_PROXY=${hostname} asks the target directly`
  );
}

/** A "%" that is no escape stands for itself. */
function unescaped(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}

/** A variable by its name in small letters, else in capitals; one that is empty is not set. */
function variable(env: Environment, small: string) {
  for (const name of [small, small.toUpperCase()]) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIn(LOOPBACK, host);
}

function isIn(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a list names the target: `*`, an address, a network (`10.0.0.0/8`), or a domain, each with a port or without. */
function isExempt(url: URL, list: string): boolean {
  const host = hostOf(url);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || names(entry, host, port));
}

function names(entry: string, host: string, port: string): boolean {
  const [, network, bits] = /^([\d.]+|[\da-f:.]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (network !== undefined) return isInNetwork(network, Number(bits), host);
  // `name:8080`, `[::1]:8080`; an IPv6 address alone has colons, too.
  const [, inBrackets, plain, ofPort] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [undefined, entry];
  if (ofPort !== undefined && ofPort !== port) return false;
  const name = (inBrackets ?? plain ?? entry).replace(/^\*(?=\.)/, '');
  if (isIP(host) !== 0) return name === host;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function isInNetwork(network: string, bits: number, host: string): boolean {
  const family = isIP(network);
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
  return isIn(list, host);
}
