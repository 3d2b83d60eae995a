import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isForeign, shown } from '../../common/api/cors.ts';
import { type Env, EnvError } from '../../common/env.ts';
import { Problem } from '../../common/problem.ts';

/** Names that nobody can own in the internet's DNS (RFC 6761, 6762, and what ICANN keeps free). */
const PRIVATE = /^[^.]+$|\.(localhost|local|internal|home\.arpa)$/;

/**
 * Whose pages get to see conversations: this service's own. Pages of other origins do not, whatever CORS_ORIGINS says of the
 * API. And an open service gives them only under an address or a name that nobody else can own: a page that points its own
 * name at this address (DNS rebinding) would be of the same origin. With a token it has none, so there the name is free.
 */
export class Visitors {
  readonly #hosts: ReadonlySet<string>;
  readonly #needsName: boolean;

  /** @param hosts names of this service beside those; `*`: any */
  constructor(hosts: readonly string[], { hasToken }: { readonly hasToken: boolean }) {
    this.#hosts = new Set(hosts);
    this.#needsName = !hasToken && !this.#hosts.has('*');
  }

  /** Why this request may not have to do with conversations; undefined where it may. */
  refusal(headers: IncomingHttpHeaders): Problem | undefined {
    return this.foreign(headers) ?? this.unnamed(headers);
  }

  /** It is of another origin's page. */
  foreign(headers: IncomingHttpHeaders): Problem | undefined {
    if (!isForeign(headers) || this.#hosts.has(hostOf(headers.origin))) return undefined;
    return refused(
      `conversations are for this service's own page, not for pages of ${shown(headers.origin ?? '')}: if that is its own ` +
        'address in front of a proxy, name the host in the setting HISTORY_HOSTS of service A',
      'origin_not_allowed',
    );
  }

  /** It came under a name that could be anybody's. */
  unnamed({ host }: IncomingHttpHeaders): Problem | undefined {
    // Every browser names one.
    if (!this.#needsName || host === undefined) return undefined;
    const name = hostOf(`http://${host}`);
    if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || PRIVATE.test(name) || this.#hosts.has(name)) return undefined;
    return refused(
      `conversations are not shown under the name "${shown(name || host)}" without a token: ask by the address, or set ` +
        `HISTORY_HOSTS=${shown(name || 'NAME')} (or a token) for service A`,
      'host_not_allowed',
    );
  }
}

/** The host of a URL without its port; empty where it has none. */
function hostOf(url = ''): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : '';
}

function refused(why: string, code: string): Problem {
  return new Problem(403, why, {}, { code });
}

/** From HISTORY_HOSTS: names without a port, or `*`. */
export function readHistoryHosts(env: Env): readonly string[] {
  const names = env
    .text('HISTORY_HOSTS', '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter(Boolean);
  for (const name of names) {
    if (name !== '*' && !/^[a-z\d.-]{1,253}$/.test(name)) {
      throw new EnvError(`HISTORY_HOSTS: "${name}" is neither a host's name, without a port, nor *`);
    }
  }
  return names;
}
