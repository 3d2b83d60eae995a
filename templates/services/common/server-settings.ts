import type { Env } from './env.ts';

/** Where a program listens, and how long it waits. Durations are in milliseconds here and in seconds in the environment. */
export interface ServerSettings {
  readonly port: number;
  readonly address: string;
  readonly drainMs: number;
  readonly keepAliveMs: number;
  readonly readMs: number;
}

export function readServerSettings(env: Env, defaults: { port: number; address: string }): ServerSettings {
  return {
    port: env.integer('PORT', defaults.port, { min: 0, max: 65_535 }),
    address: env.text('BIND_ADDRESS', defaults.address),
    drainMs: env.number('DRAIN_SECONDS', 30, { min: 0, max: 3600 }) * 1000,
    // Longer than the 600 s for which Google's load balancer keeps an idle connection: the side that reuses a
    // connection must be the side that closes it, or a request is lost in between.
    keepAliveMs: env.number('KEEP_ALIVE_SECONDS', 620, { min: 1, max: 86_400 }) * 1000,
    readMs: env.number('READ_TIMEOUT_SECONDS', 10, { min: 0.1, max: 3600 }) * 1000,
  };
}
