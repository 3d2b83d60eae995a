import type { Emit } from '../../../events.ts';
import { protocolOf } from '../protocols/protocols.ts';
import { fittingRates } from '../schedule/fitting-rates.ts';
import type { SweepOptions } from './sweep-options.ts';

/**
 * The options with rates that a target can bear of which nobody gave any. The chain's own services keep the ladder of the
 * contract.
 *
 * @param probeMs what one request takes, where that was measured
 */
export function fitRates(
  { unaskedRates, ...options }: SweepOptions,
  probeMs: number | undefined,
  emit: Emit,
): SweepOptions {
  const { findKnee, turns = 1, thinkSeconds = 0, requests, durationSeconds, rates: ladder } = options;
  if (unaskedRates !== true || protocolOf(options).keeps !== undefined) return options;
  const seconds = probeMs === undefined ? undefined : turns * (probeMs / 1000) + (turns - 1) * thinkSeconds;
  const rates = fittingRates(findKnee === true ? 'search' : 'ladder', seconds);
  const why =
    probeMs === undefined ? 'and nothing told how fast it answers' : `and one answer took ${probeMs.toFixed(0)} ms`;
  const unit = `${turns > 1 ? 'sessions' : 'requests'} per second`;
  const what = findKnee === true ? `a search between ${rates.join(' and ')} ${unit}` : `${rates.join(', ')} ${unit}`;
  emit({ type: 'note', level: 'info', text: `no --rps was given, ${why}: ${what}` });
  // As long as the requests take at the lowest rate, where these say how long a point is.
  const isByRequests = requests !== undefined && durationSeconds === requests / Math.min(...ladder);
  return { ...options, rates, ...(isByRequests ? { durationSeconds: requests / Math.min(...rates) } : {}) };
}
