import { nearest } from '../../config/nearest.ts';
import { ExitCode, RemedyError } from '../../errors.ts';
import { stackOption } from '../stack/stack-option.ts';

/** A service that can be a target: by its name, or by the last word of its path. */
export interface TargetService {
  readonly name: string;
  readonly path: string;
}

/** What of a stack is deployed, by the names of services. */
export interface DeployedServices {
  /** Base URLs. */
  readonly urls: Readonly<Record<string, string>>;
  /** The place that each is deployed on. */
  readonly on: Readonly<Record<string, string>>;
}

/**
 * The URL that a target means: a service of the deployed stack, or a URL as it is; one without a path gets that of the
 * service in which chains begin.
 *
 * @param deployed asked only where a service is meant
 * @returns `on`: the place of the service, where that is the target
 * @throws RemedyError (exit 3) when the stack has no such endpoint, (exit 2) when it is neither name nor URL
 */
export async function resolveTarget(
  target: string,
  deployed: () => Promise<DeployedServices>,
  stack: string,
  services: readonly TargetService[],
): Promise<{ readonly targetUrl: string; readonly on?: string }> {
  const service = services.find(({ name, path }) => target === name || target === path.slice(1));
  if (service !== undefined) {
    const { urls, on } = await deployed();
    const place = on[service.name];
    const targetUrl = joined(urls[service.name], service.path, target, stack);
    return place === undefined ? { targetUrl } : { targetUrl, on: place };
  }
  const url = URL.parse(target);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const names = services.map(({ path }) => path.slice(1)).join(', ');
    const words = services.flatMap(({ name, path }) => [path.slice(1), name]);
    const meant = nearest(target, words);
    const steps = meant === undefined ? [] : [`did you mean: chainctl load --target ${meant}${stackOption(stack)}`];
    throw usage(`--target "${target}" is neither a service of the stack (${names}) nor an http URL`, steps);
  }
  if (url.username !== '' || url.password !== '') {
    throw usage('--target must not carry a user name or password: it is written into every result');
  }
  if (url.pathname === '/') url.pathname = services[0]?.path ?? '/';
  url.hash = '';
  return { targetUrl: url.href };
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
  throw new RemedyError(`--tag "${tag}" cannot be part of a file name`, {
    code: 'tag-invalid',
    exit: ExitCode.usage,
    nextSteps: ['use up to 40 letters, digits, dots, hyphens and underscores, for example --tag aws-2'],
  });
}

function joined(base: string | undefined, path: string, word: string, stack: string): string {
  if (base !== undefined) return new URL(path, base).href;
  throw new RemedyError(`stack ${stack} has no service that answers at /${word}`, {
    code: 'no-stack',
    exit: ExitCode.configuration,
    nextSteps: [
      `bring one up on this machine with "chainctl deploy local${stackOption(stack)}"`,
      'or name the address: chainctl load --target http://127.0.0.1:8001/chain',
    ],
  });
}

function usage(message: string, steps: readonly string[] = []): RemedyError {
  return new RemedyError(message, {
    code: 'target-invalid',
    exit: ExitCode.usage,
    nextSteps: [...steps, 'write for example --target http://127.0.0.1:8001/chain'],
  });
}
