import { remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { ChainClient } from '../../chain/client.ts';
import { unauthorized } from '../../chain/token.ts';
import { bodyOf } from '../bodies.ts';
import { TokenMeter } from '../engine/stream/token-meter.ts';
import type { StreamEnd } from '../protocols/protocol.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import { redirects } from './health.ts';
import { type Baseline, measureBaseline, prober } from './probe.ts';
import { formOf, type SweepOptions } from './sweep-options.ts';

/** Series of the probes' prompts: no point of a sweep has it. */
const PROBE_SERIES = 1_000_000;

type Settings = Pick<
  SweepOptions,
  'targetUrl' | 'api' | 'model' | 'prompt' | 'seed' | 'sharedPrefixTokens' | 'timeoutSeconds' | 'stream'
>;

interface PreflightDeps {
  readonly client: Pick<ChainClient, 'raw'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly token?: string;
}

/**
 * Measures the target with a few ordinary requests before the sweep.
 *
 * @returns undefined, with a warning, when it did not answer well: there is nothing to compare with then
 * @throws RemedyError: exit 5 when it sends its callers elsewhere, exit 3 when it asks for another token (every request
 *   would be refused), exit 2 when it was asked for a stream and sends none
 */
export async function takeBaseline(
  settings: Settings,
  { client, emit, signal, token }: PreflightDeps,
): Promise<Baseline | undefined> {
  const { targetUrl, timeoutSeconds, stream } = settings;
  const form = formOf(settings);
  let count = 0;
  const probe = prober(targetUrl, () => bodyOf(form, { ...settings, series: PROBE_SERIES }, count++), client, token);
  const { ok, ms, why, text, loadingMs, redirect, status } = await measureBaseline(
    probe,
    timeoutSeconds * 1000,
    signal,
  );
  const note = (level: 'info' | 'warn', words: string) => emit({ type: 'note', level, text: words });
  if (ok) {
    if (stream === true) refuseUnstreamed(targetUrl, text ?? '', protocolNamed(form.api).ends);
    if (loadingMs !== undefined) {
      const took = `${(loadingMs / 1000).toFixed(1)} s`;
      note('info', `the first request paid ${took} for loading the model: that is not in what a request alone takes`);
    }
    return { probe, ms };
  }
  if (redirect !== undefined) throw redirects(targetUrl, redirect.status, redirect.to, redirect.to);
  if (status === 401) throw unauthorized(targetUrl, token !== undefined);
  note(
    'warn',
    `a single request before the sweep failed (${why}): the load is offered all the same, but without a check ` +
      'that the target has recovered between points',
  );
  return undefined;
}

/** Every request would be recorded as a broken stream; the services of the contract answer in one piece. */
function refuseUnstreamed(url: string, text: string, ends: StreamEnd): void {
  const meter = new TokenMeter({ ends });
  const bytes = Buffer.from(text);
  meter.take(bytes, 0, bytes.length, 0, '');
  meter.end();
  if (meter.fault === undefined) return;
  throw remedy.usage(
    'not-a-stream',
    `${url} does not stream: asked for a streamed answer, it sent something else (${meter.fault.error})`,
    ['leave --stream out', 'or give a target that answers with newline-delimited JSON or server-sent events'],
  );
}
