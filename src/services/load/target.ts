import { nearest } from '../../config/nearest.ts';
import { type RemedyError, remedy } from '../../errors.ts';
import { defined } from '../defined.ts';
import { unixTarget } from '../dial/unix-target.ts';
import { stackOption } from '../stack/stack-option.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';

/** What of a stack is deployed, by the names of services. */
export interface DeployedServices {
  /** Base URLs. */
  readonly urls: Readonly<Record<string, string>>;
  /** The place that each is deployed on. */
  readonly on: Readonly<Record<string, string>>;
}

/**
 * The URL that a target means: a service of the deployed stack, or a URL as it is.
 *
 * @param deployed asked only where a service is meant
 * @returns `on`: the place of the service, where that is the target
 * @throws RemedyError (exit 3) when the stack has no such endpoint, (exit 2) when it is neither name nor URL
 */
export async function resolveTarget(
  target: string,
  deployed: () => Promise<DeployedServices>,
  stack: string,
  services: readonly Pick<ServiceDefinition, 'name' | 'path'>[],
): Promise<{ readonly targetUrl: string; readonly on?: string }> {
  // By its name, or by the last word of its path.
  const service = services.find(({ name, path }) => target === name || target === path.slice(1));
  if (service !== undefined) {
    const { urls, on } = await deployed();
    const base = urls[service.name];
    if (base === undefined) {
      throw remedy.configuration('no-stack', `stack ${stack} has no service that answers at /${target}`, [
        `bring one up on this machine with "chainctl deploy local${stackOption(stack)}"`,
        'or name the address: chainctl load --target http://127.0.0.1:8001/chain',
        'or load any other server, a vLLM for example: chainctl load --target http://127.0.0.1:8000',
      ]);
    }
    return defined({ targetUrl: new URL(service.path, base).href, on: on[service.name] });
  }
  const socket = unixTarget(target);
  const url = URL.parse(socket ?? target);
  if (url === null || !(socket !== undefined || /^https?:$/.test(url.protocol))) {
    const names = services.map(({ path }) => path.slice(1)).join(', ');
    const words = services.flatMap(({ name, path }) => [path.slice(1), name]);
    const meant = nearest(target, words);
    const address = URL.parse(`http://${target}`);
    const isHost =
      address !== null && /^([\w.-]+|\[[\da-f:]+\])(:\d+)?(\/|$)/i.test(target) && /[.:]|^localhost/.test(target);
    const steps = isHost
      ? [`did you mean: --target http://${target}`]
      : meant === undefined
        ? []
        : [`did you mean: chainctl load --target ${meant}${stackOption(stack)}`];
    throw usage(`--target "${target}" is neither a service of the stack (${names}) nor an http URL`, steps);
  }
  const secret = secretIn(url);
  if (secret !== undefined) {
    const steps = secret.inHeader ? [secret.inHeader] : [];
    throw usage(`--target must not carry ${secret.what}: it is written into every result`, steps);
  }
  url.hash = '';
  return { targetUrl: url.href };
}

/** Parameters of an address that are keys, by the names that APIs give them. */
const KEY = /^((api|access|subscription)[-_]?)?(key|token)$|^(sig|signature|secret|password)$/i;

/** What of an address nobody else may read, and how it is sent instead; undefined where nothing of it is secret. */
export function secretIn(url: URL): { readonly what: string; readonly inHeader?: string } | undefined {
  if (url.username !== '' || url.password !== '') return { what: 'a user name or password' };
  const name = [...url.searchParams.keys()].find((each) => KEY.test(each));
  if (name === undefined) return undefined;
  const inHeader = 'send it in a header: --api-key-file FILE, with --api-key-header NAME where it is no bearer token';
  return { what: `a key (${name})`, inHeader };
}

/** The last segment of the URL's path, safe in a file name: the middle word of the result files. */
export function targetName(targetUrl: string): string {
  const segments = new URL(targetUrl).pathname.split('/').filter((segment) => segment !== '');
  return (segments.at(-1) ?? 'root').replaceAll(/[^A-Za-z0-9._-]/g, '-');
}

/**
 * @returns the tag itself
 * @throws RemedyError (exit 2) when it cannot be part of a file name
 */
export function checkTag(tag: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(tag)) return tag;
  throw remedy.usage('tag-invalid', `--tag "${tag}" cannot be part of a file name`, [
    'use up to 40 letters, digits, dots, hyphens and underscores, for example --tag aws-2',
  ]);
}

function usage(message: string, steps: readonly string[] = []): RemedyError {
  return remedy.usage('target-invalid', message, [...steps, 'write for example --target http://127.0.0.1:8000']);
}
