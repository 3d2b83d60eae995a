import { parseKeepAlive } from '../common/keep-alive.ts';
import type { Fields } from './go-types.ts';

export type { Fields } from './go-types.ts';

/** The decoder has seen that it can be read. In milliseconds. */
export function keepAliveOf({ keep_alive: value }: Fields): number | undefined {
  if (value === undefined) return undefined;
  const duration = parseKeepAlive(value);
  return 'ms' in duration ? duration.ms : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function mapOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
