import { execFileSync } from 'node:child_process';
import type { BenchStack } from './stack.ts';
import { covered, median } from './times.ts';

/** One deploy that finds everything as wanted, seconds. */
export interface NoChange {
  readonly total: number;
  /** From the start of the process to its first call: Node, chainctl and the client library. */
  readonly untilFirstCall: number;
  /** In which at least one call was under way. */
  readonly calling: number;
}

const LIBRARY =
  "await import('google-auth-library'); await import('@google-cloud/compute/build/src/v1/images_client.js')";

/** @throws when it changes something */
export async function noChange(stack: BenchStack): Promise<NoChange> {
  const calls = stack.gcp.calls.length;
  const began = Date.now();
  const { envelope } = await stack.run(stack.deployArgs);
  const total = (Date.now() - began) / 1000;
  const changes: readonly { readonly action: string }[] = envelope.result.changes;
  if (changes.some(({ action }) => action !== 'unchanged')) throw new Error('a deploy of the same changed something');
  const made = stack.gcp.calls.slice(calls);
  const spans = made.map(({ at, tookMs = 0 }) => ({ begin: Number(at), end: Number(at) + tookMs }));
  return { total, untilFirstCall: (Number(made[0]?.at) - began) / 1000, calling: covered(spans) };
}

/** Seconds that Node takes to start, and to start and load the client library with one of its clients. */
export function startTimes(): { readonly node: number; readonly library: number } {
  const time = (code: string) => {
    const began = performance.now();
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: new URL('../..', import.meta.url) });
    return (performance.now() - began) / 1000;
  };
  const medianOf = (code: string) => median(Array.from({ length: 3 }, () => time(code)));
  return { node: medianOf('0'), library: medianOf(LIBRARY) };
}
