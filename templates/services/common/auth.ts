import { createHash, timingSafeEqual } from 'node:crypto';
import { type Env, EnvError } from './env.ts';
import { Problem } from './problem.ts';

/** Shorter ones could be guessed. */
const MIN_LENGTH = 16;

/** Who may send prompts: everybody, or those who know the token. `/health` is open either way. */
export class Auth {
  /** What to send to a service of the same chain; undefined without a token. */
  readonly authorization: string | undefined;
  readonly #digest: Buffer | undefined;
  #refused = 0;

  constructor(token: string | undefined) {
    this.authorization = token === undefined ? undefined : `Bearer ${token}`;
    this.#digest = token === undefined ? undefined : digestOf(token);
  }

  /** For `/health`: nothing where everybody may. */
  get vitals(): Record<string, unknown> {
    return this.#digest === undefined ? {} : { auth: 'token', unauthorized: this.#refused };
  }

  /** The 401 for a request with this `Authorization` header, or undefined when it may come in. */
  refusal(header: string | undefined): Problem | undefined {
    if (this.#digest === undefined) return undefined;
    const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
    // Over digests: they have one length, and how long the comparison takes says nothing about the token.
    if (token !== undefined && timingSafeEqual(digestOf(token), this.#digest)) return undefined;
    this.#refused++;
    const detail = token === undefined ? 'a bearer token is required' : 'the bearer token is wrong';
    return new Problem(401, detail, { 'www-authenticate': 'Bearer' });
  }
}

/** From the file that AUTH_TOKEN_FILE names, else from AUTH_TOKEN; with neither the service is open. */
export function readAuth(env: Env): Auth {
  const token = env.secret('AUTH_TOKEN');
  return new Auth(token && checked(token.name, token.value));
}

/** An unusable token must not leave the service open, and must not be shown. */
function checked(name: string, token: string): string {
  if (token.length >= MIN_LENGTH && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new EnvError(`${name}: a token is ${MIN_LENGTH} or more printable ASCII characters without spaces`);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
