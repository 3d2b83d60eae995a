import { remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import type { ChainClient } from '../../chain/client.ts';
import { unauthorized } from '../../chain/token.ts';
import { bodyMaker } from '../protocols/prompt-body.ts';
import { protocolOf } from '../protocols/protocols.ts';
import { measureBaseline, type Probe, prober } from './probe.ts';
import { redirects } from './redirect.ts';

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
  readonly sharedPrefixTokens?: number;
  readonly timeoutSeconds: number;
  /** Streamed answers are asked for. */
  readonly stream?: boolean;
}

/**
 * Measures the target with a few ordinary requests before the sweep.
 *
 * @returns undefined, with a warning, when it did not answer well: there is nothing to compare with then
 * @throws RemedyError: exit 5 when it sends its callers elsewhere, exit 3 when it asks for another token (every request
 *   would be refused), exit 2 when it was asked for a stream and sends none
 */
export async function takeBaseline(
  settings: BaselineSettings,
  deps: {
    readonly client: Pick<ChainClient, 'raw'>;
    readonly emit: Emit;
    readonly signal: AbortSignal;
    readonly token?: string;
  },
): Promise<Baseline | undefined> {
  const body = bodyMaker(protocolOf(settings.targetUrl), { ...settings, series: PROBE_SERIES });
  let count = 0;
  const probe = prober(settings.targetUrl, () => body(count++), deps.client, deps.token);
  const baseline = await measureBaseline(probe, settings.timeoutSeconds * 1000, deps.signal);
  if (baseline.ok) {
    if (settings.stream === true) refuseUnstreamed(settings.targetUrl, baseline.text ?? '');
    if (baseline.loadingMs !== undefined)
      deps.emit({ type: 'note', level: 'info', text: loadingNote(baseline.loadingMs) });
    return { probe, ms: baseline.ms };
  }
  const { redirect } = baseline;
  if (redirect !== undefined) throw redirects(settings.targetUrl, redirect.status, redirect.to, redirect.to);
  if (baseline.status === 401) throw unauthorized(settings.targetUrl, deps.token !== undefined);
  const text =
    `a single request before the sweep failed (${baseline.why}): the load is offered all the same, but without a check ` +
    'that the target has recovered between points';
  deps.emit({ type: 'note', level: 'warn', text });
  return undefined;
}

function loadingNote(ms: number): string {
  return `the first request paid ${(ms / 1000).toFixed(1)} s for loading the model: that is not in what a request alone takes`;
}

/** Every request would be recorded as a broken stream; the services of the contract answer in one piece. */
function refuseUnstreamed(url: string, text: string): void {
  const meter = protocolOf(url).stream?.meter();
  const bytes = Buffer.from(text);
  meter?.take(bytes, 0, bytes.length, 0, /^(data|event|id|retry)?:/.test(text) ? 'text/event-stream' : '');
  meter?.end();
  if (meter?.problem === '') return;
  throw remedy.usage(
    'not-a-stream',
    `${url} does not stream: asked for a streamed answer, it sent something else (${meter?.problem ?? 'nothing streams there'})`,
    ['leave --stream out', 'or give a target that answers with newline-delimited JSON or server-sent events'],
  );
}
