import { type Env, EnvError, parseHttpUrl } from '../common/env.ts';

export interface BackendAddress {
  readonly name: string;
  readonly url: URL;
}

export interface ProxySettings {
  readonly backends: readonly BackendAddress[];
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
  readonly healthPath: string;
  /** Checks in a row before a backend changes sides. */
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
  readonly maxBodyBytes: number;
  readonly readTimeoutMs: number;
}

export function readProxySettings(env: Env): ProxySettings {
  const list = env.text('PROXY_BACKENDS', '');
  if (list === '') throw new EnvError('PROXY_BACKENDS: "" names no backend (name=url or url, separated by commas)');
  const healthIntervalMs = env.number('PROXY_HEALTH_INTERVAL_MS', 1000, { min: 10, max: 3_600_000 });
  return {
    backends: parseBackends(list),
    healthIntervalMs,
    healthTimeoutMs: env.number('PROXY_HEALTH_TIMEOUT_MS', 2000, { min: 10, max: 3_600_000 }),
    healthPath: env.text('PROXY_HEALTH_PATH', '/health'),
    unhealthyAfter: env.integer('PROXY_UNHEALTHY_AFTER', 2, { min: 1, max: 100 }),
    healthyAfter: env.integer('PROXY_HEALTHY_AFTER', 1, { min: 1, max: 100 }),
    maxBodyBytes: env.integer('MAX_BODY_BYTES', 2 << 20, { min: 1, max: 1 << 30 }),
    readTimeoutMs: env.number('READ_TIMEOUT_SECONDS', 10, { min: 0.1, max: 3600 }) * 1000,
  };
}

function parseBackends(list: string): BackendAddress[] {
  const parts = list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const backends = parts.map((part): BackendAddress => {
    const [, name, address = part] = /^([\w.-]+)=(.+)$/.exec(part) ?? [];
    const url = parseHttpUrl('PROXY_BACKENDS', address);
    return { name: name ?? url.host, url };
  });
  const names = new Set(backends.map(({ name }) => name));
  if (names.size < backends.length) throw new EnvError(`PROXY_BACKENDS: "${list}" uses a name twice`);
  return backends;
}
