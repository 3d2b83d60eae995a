import type { Emit } from '../../../events.ts';
import { unauthorized } from '../../chain/token.ts';
import type { Clock } from '../../clock.ts';
import { bodyMaker } from '../prompt.ts';
import { measureBaseline, type Probe, prober } from './probe.ts';

/** Series of the probes' prompts: no point of a sweep has it. */
const PROBE_SERIES = 1_000_000;

/** What a target takes for one request that it has for itself, and how it was asked. */
export interface Baseline {
  readonly probe: Probe;
  readonly ms: number;
}

export interface BaselineSettings {
  readonly targetUrl: string;
  readonly prompt: string;
  readonly seed: number;
  readonly timeoutSeconds: number;
}

/**
 * Measures the target with a few ordinary requests before the sweep.
 *
 * @returns undefined, with a warning, when it did not answer well: there is nothing to compare with then
 * @throws RemedyError (exit 3) when it asks for another token: every request would be refused
 */
export async function takeBaseline(
  settings: BaselineSettings,
  deps: {
    readonly fetch: typeof globalThis.fetch;
    readonly clock: Clock;
    readonly emit: Emit;
    readonly signal: AbortSignal;
    readonly token?: string;
  },
): Promise<Baseline | undefined> {
  const body = bodyMaker(settings.prompt, settings.seed, PROBE_SERIES);
  let count = 0;
  const probe = prober(settings.targetUrl, () => body(count++), deps);
  const baseline = await measureBaseline(probe, settings.timeoutSeconds * 1000, deps.signal);
  if (baseline.ok) return { probe, ms: baseline.ms };
  if (baseline.why === 'status 401') throw unauthorized(settings.targetUrl, deps.token !== undefined);
  const text =
    `a single request before the sweep failed (${baseline.why}): the load is offered all the same, but nothing tells ` +
    'whether the target has recovered between points';
  deps.emit({ type: 'note', level: 'warn', text });
  return undefined;
}
