import type { Env } from '../env.ts';
import { type Cors, readCors } from './cors.ts';

/** How the API of a service behaves. Durations are in milliseconds here and in seconds in the environment. */
export interface ApiSettings {
  readonly cors: Cors;
  /** Of requests without one; empty: the service's own. */
  readonly defaultModel: string;
  /** Of chats that name no limit, in tokens. */
  readonly defaultMaxTokens: number;
  /** Of a conversation, system messages not counted; 0 = all. */
  readonly maxContextMessages: number;
  /** For a request as a whole, its queue included. */
  readonly chatTimeoutMs: number;
  /** A stream in which nothing happens tells so often that it lives. */
  readonly pingMs: number;
}

export function readApiSettings(env: Env): ApiSettings {
  return {
    cors: readCors(env),
    defaultModel: env.text('DEFAULT_MODEL', ''),
    defaultMaxTokens: env.integer('DEFAULT_MAX_TOKENS', 1024, { min: 1, max: MOST_TOKENS }),
    maxContextMessages: env.integer('MAX_CONTEXT_MESSAGES', 20, { min: 0, max: 1_000_000 }),
    chatTimeoutMs: env.number('CHAT_TIMEOUT_SECONDS', 600, { min: 0.05, max: 86_400 }) * 1000,
    pingMs: env.number('SSE_PING_SECONDS', 15, { min: 0.05, max: 3600 }) * 1000,
  };
}

/** Engines count in 32 bits. */
export const MOST_TOKENS = 2 ** 31 - 1;
