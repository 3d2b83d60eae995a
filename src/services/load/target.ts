import { ExitCode, RemedyError } from '../../errors.ts';
import { stackOption } from '../stack/stack-option.ts';

/** Base URLs of a deployed stack: `a` is service A, `b` the address in front of the replicas of B. */
export interface Endpoints {
  readonly a?: string;
  readonly b?: string;
}

/**
 * The URL that a target means: `chain` and `invoke` are those of the deployed stack, a URL is taken as it is, and a
 * URL without a path gets `/chain`.
 *
 * @throws RemedyError (exit 3) when the stack has no such endpoint, (exit 2) when it is neither word nor URL
 */
export function resolveTarget(target: string, endpoints: Endpoints, stack = 'default'): string {
  if (target === 'chain') return joined(endpoints.a, '/chain', target, stack);
  if (target === 'invoke') return joined(endpoints.b, '/invoke', target, stack);
  const url = URL.parse(target);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usage(`--target "${target}" is neither chain, invoke nor an http URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw usage('--target must not carry a user name or password: it is written into every result');
  }
  if (url.pathname === '/') url.pathname = '/chain';
  url.hash = '';
  return url.href;
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
  throw new RemedyError(`nothing that is deployed in stack ${stack} offers "${word}"`, {
    code: 'no-stack',
    exit: ExitCode.configuration,
    nextSteps: [
      `bring one up on this machine with "chainctl deploy local${stackOption(stack)}"`,
      'or name the address: chainctl load --target http://127.0.0.1:8001/chain',
    ],
  });
}

function usage(message: string): RemedyError {
  return new RemedyError(message, {
    code: 'target-invalid',
    exit: ExitCode.usage,
    nextSteps: ['write for example --target http://127.0.0.1:8001/chain'],
  });
}
