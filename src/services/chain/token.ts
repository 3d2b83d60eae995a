import { createHash, randomBytes } from 'node:crypto';
import { RemedyError, reasonOf, remedy } from '../../errors.ts';

export const TOKEN_SECRET = 'token';

/** The token to send to a URL, if any. */
export type TokenOf = (url: string) => string | undefined;

/** A fresh token: 256 random bits. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Tells tokens apart without telling them: part of a specification, so that another token is seen as a change. */
export function tokenId(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}

export interface KnownTokens {
  /** What the operator gave, for whatever is asked. */
  readonly given?: string | undefined;
  /** The stack's own, which goes nowhere but to the stack. */
  readonly ofStack?: string | undefined;
  readonly endpoints: readonly (string | undefined)[];
}

/** Which token goes where: the operator's to every address, the stack's only to the stack's own. */
export function tokensFor({ given, ofStack, endpoints }: KnownTokens): TokenOf {
  if (given !== undefined) return () => given;
  if (ofStack === undefined) return () => undefined;
  const own = new Set(endpoints.flatMap((url) => (url === undefined ? [] : [new URL(url).origin])));
  return (url) => (own.has(URL.parse(url)?.origin ?? '') ? ofStack : undefined);
}

/**
 * A token as it was given, in a file or in the environment.
 *
 * @param source what it was given by, for the message; the value itself is never shown
 * @throws RemedyError (exit 3) when it cannot be a token
 */
export function checkToken(text: string, source: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw remedy.configuration(
    'token-invalid',
    `${source} holds no token: one line of printable characters without spaces is expected`,
    ['write the token, and nothing else, into a file and name it with --token-file'],
  );
}

/** Why a token file cannot be read; what already says so is passed on. */
export function tokenFileError(path: string, cause: unknown): RemedyError {
  if (cause instanceof RemedyError) return cause;
  return remedy.configuration(
    'token-unreadable',
    `the token file ${path} cannot be read: ${reasonOf(cause)}`,
    ['check the path given with --token-file'],
    cause,
  );
}

/** What to do about a 401, in one line. */
export function tokenRemedy(sent: boolean): string {
  return sent
    ? 'the token is not the one that the services have: deploy again, or name the right one with --token-file'
    : 'name the file that holds its token with --token-file, or set CHAINCTL_TOKEN; a stack of your own is sent its token when it is named with --stack';
}

/** The error for a target that refuses for want of the right token. */
export function unauthorized(url: string, sent: boolean): RemedyError {
  return remedy.configuration(
    'unauthorized',
    `${url} ${sent ? 'refuses the token that was sent' : 'asks for a token'} (status 401)`,
    [tokenRemedy(sent)],
  );
}
