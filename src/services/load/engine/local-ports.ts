import { readFileSync } from 'node:fs';
import type { Share } from '../schedule/timetable.ts';

/** Below it live services and what they reserve. */
const LOWEST = 10_240;
/** Linux' default, for where it cannot be read. */
const DEFAULT_RANGE = [32_768, 60_999] as const;

/**
 * Source ports in an order that seldom meets one in use: round and round through the ephemeral range, and through what
 * lies below it when that is used up. Generators of one point take different residues.
 *
 * @param share which of how many generators this is
 * @param start where in the order to begin, in [0, 1): two sweeps at a time would otherwise meet at every port
 * @returns what tells the next one
 */
export function localPorts(
  { index, count }: Share,
  [low, high] = ephemeralRange(),
  start = Math.random(),
): () => number {
  const first = Math.min(low, LOWEST);
  const own = Math.max(1, Math.floor((high - first - index) / count) + 1);
  let turn = Math.floor(start * own);
  return () => Math.max(first, high - index - (turn++ % own) * count);
}

/** The kernel's range of ports for outgoing connections, both ends included. */
function ephemeralRange(): readonly [number, number] {
  try {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
    if (low !== undefined && high !== undefined && low < high) return [low, high];
  } catch {
    // Not Linux.
  }
  return DEFAULT_RANGE;
}
