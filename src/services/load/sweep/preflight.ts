import { type RemedyError, remedy } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { type ChainClient, MAX_BODY_BYTES } from '../../chain/client.ts';
import { errorIn } from '../../chain/said.ts';
import { parseJson, plural } from '../../words.ts';
import { probeBodies } from '../bodies.ts';
import { STREAM_IN_TEMPLATE } from '../discovery/check-form.ts';
import { explainRefusal } from '../discovery/explain-refusal.ts';
import { MAX_STREAM_BYTES } from '../engine/http/raw-connection.ts';
import { TokenMeter } from '../engine/stream/token-meter.ts';
import type { RequestForm } from '../protocols/ask.ts';
import { asksForStream } from '../protocols/body-template.ts';
import { bodyOf } from '../protocols/model-answer.ts';
import type { StreamEnd } from '../protocols/protocol.ts';
import { asksForUsage, protocolNamed } from '../protocols/protocols.ts';
import { writeBody } from '../protocols/write-body.ts';
import { asksForTokens, calibrate } from '../workload/calibrate.ts';
import type { WorkloadSettings } from '../workload/settings.ts';
import { redirects } from './health.ts';
import { type Baseline, measureBaseline, type ProbeAnswer, prober, type Reading } from './probe.ts';
import { formOf, type SweepOptions } from './sweep-options.ts';

export interface PreflightDeps {
  readonly client: Pick<ChainClient, 'raw'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the first requests have shown. */
interface Preflight {
  /** Absent where the target did not answer well: there is nothing to compare with then. */
  readonly baseline?: Baseline;
  /** Why it did not. */
  readonly failure?: string;
  /** The target refuses to be asked for the token counts of streams. */
  readonly usage?: false;
  /** With how the target counts tokens, where lengths are asked for in them. */
  readonly workload?: WorkloadSettings;
}

/**
 * Measures the target with a few ordinary requests before the sweep. One that did not answer well for now is told in a
 * warning.
 *
 * @throws RemedyError: exit 5 when it sends its callers elsewhere, exit 3 when it asks for another key, exit 2 when it
 *   refuses what every request would ask for, or answers with something else
 */
export async function takeBaseline(settings: SweepOptions, deps: PreflightDeps): Promise<Preflight> {
  const { emit } = deps;
  const note = (level: 'info' | 'warn', text: string) => emit({ type: 'note', level, text });
  const form = formOf(settings);
  const first = await measured(settings, form, deps);
  const plain = first.status === 400 && asksForUsage(form) ? { ...form, usage: false } : undefined;
  const again = plain && (await measured(settings, plain, deps));
  const seen = again !== undefined && (again.ok || isNoStream(again, plain ?? form)) ? again : first;
  const { ok, ms, why, text = '', loadingMs, redirect, probe } = seen;
  // Only here: between points, one bad answer is no reason to end what has been measured.
  if (isNoStream(seen, form)) throw notAStream(settings.targetUrl, why, form);
  if (ok) {
    if (again !== undefined) {
      note(
        'warn',
        'the target refuses stream_options: it is asked without, and does not tell the tokens of its streams',
      );
    }
    if (loadingMs !== undefined) {
      const took = `${(loadingMs / 1000).toFixed(1)} s`;
      note('info', `the first request paid ${took} for loading the model: that is not in what a request alone takes`);
    }
    if ((settings.turns ?? 1) > 1 && saidIn(text, form) === '') note('warn', UNSAID);
    const scaled = await scaledWorkload(settings, form, deps);
    return { baseline: { probe, ms }, ...(again === undefined ? {} : { usage: false }), ...scaled };
  }
  const { targetUrl } = settings;
  if (redirect !== undefined) throw redirects(targetUrl, redirect.status, redirect.to, redirect.to, settings);
  const commandLine = settings.about.commandLine as readonly string[] | undefined;
  const refusal = await explainRefusal({ targetUrl, commandLine }, form, first, deps);
  if (refusal !== undefined) throw refusal;
  note(
    'warn',
    `a single request before the sweep failed (${why}): the load is offered all the same, but without a check ` +
      'that the target has recovered between points',
  );
  return { failure: why };
}

/** Lengths in tokens become letters by what the target makes of two prompts. */
async function scaledWorkload(
  settings: SweepOptions,
  form: RequestForm,
  { client, emit, signal, headers: own }: PreflightDeps,
): Promise<Pick<Preflight, 'workload'>> {
  const { workload, targetUrl, timeoutSeconds, seed } = settings;
  // A run that goes on keeps what it began with.
  if (workload === undefined || !asksForTokens(workload) || workload.tokens !== undefined) return {};
  const { judge, headers } = protocolNamed(form.api);
  const timeoutMs = timeoutSeconds * 1000;
  const whole = { ...form, stream: false };
  const request = {
    url: targetUrl,
    method: 'POST',
    headers: { ...headers({ stream: false, timeoutMs }), ...own },
  } as const;
  const tokens = await calibrate(seed, async (ask) => {
    const reply = await client.raw({ ...request, body: writeBody(ask, whole), timeoutMs, signal });
    return reply.kind === 'transport' ? undefined : judge(reply.status, reply.text).figures?.prompt_tokens;
  });
  const text =
    tokens === undefined
      ? 'the target does not tell how it counts the tokens of prompts: they are made of 4 characters a token, which is usual'
      : `the target makes a token of ${tokens.charactersPerToken.toFixed(2)} characters, and adds ${plural(tokens.overheadTokens, 'token')} to a prompt: lengths follow that`;
  emit({ type: 'note', level: 'info', text });
  return tokens === undefined ? {} : { workload: { ...workload, tokens } };
}

async function measured(settings: SweepOptions, form: RequestForm, { client, signal, headers }: PreflightDeps) {
  const { targetUrl, timeoutSeconds } = settings;
  const { judge: whole, headers: ofProtocol, ends } = protocolNamed(form.api);
  const timeoutMs = timeoutSeconds * 1000;
  const nextBody = probeBodies({ ...settings, form }, settings.data);
  const all = { ...ofProtocol({ stream: form.stream, timeoutMs }), ...headers };
  const reading = () => (form.stream ? streamReading(ends) : { judge: whole });
  const probe = prober({ targetUrl, nextBody, client, headers: all, reading });
  return { ...(await measureBaseline(probe, timeoutMs, signal)), probe };
}

const UNSAID =
  'no text was found in the answer to the first request: later turns (--turns) repeat an empty answer; ' +
  'give --api where the target speaks a known one';

/** What the next turn of a session repeats of an answer. */
function saidIn(text: string, { api, stream }: RequestForm): string {
  const { ends, textOf } = protocolNamed(api);
  return stream ? TokenMeter.ofText(text, { ends, keepsText: true }).text : textOf(bodyOf(text));
}

const FINE = { outcome: 'ok', class: 'ok', error: '' } as const;

/** Judges a streamed answer as the load will: as it came where it is longer than what is kept of it. */
function streamReading(ends: StreamEnd): Reading {
  const asItCame = new TokenMeter({ ends });
  let size = 0;
  return {
    maxReadBytes: MAX_STREAM_BYTES,
    onRead(bytes) {
      size += bytes.length;
      asItCame.take(bytes, 0, bytes.length, 0, '');
    },
    judge(_status, text) {
      const error = errorIn(parseJson(text));
      if (error !== undefined) return { outcome: 'invalid', class: 'error-answer', error };
      asItCame.end();
      // What is kept is decoded, too.
      const meter = size > MAX_BODY_BYTES ? asItCame : TokenMeter.ofText(text, { ends });
      return meter.fault === undefined ? FINE : { outcome: 'invalid', ...meter.fault };
    },
  };
}

/** Whether an answer came in one piece, or is something else altogether: every other one would be a broken stream, too. */
function isNoStream({ fault, text = '' }: ProbeAnswer, { stream }: RequestForm): boolean {
  if (!stream || fault === 'not-a-stream') return stream;
  if (fault !== 'broken-stream' || /^(data|event|id|retry)?:/m.test(text)) return false;
  const [first = '', next] = text.trim().split('\n');
  return next === undefined || parseJson(first) === undefined;
}

function notAStream(url: string, why: string, { template }: RequestForm): RemedyError {
  const inTemplate = template === undefined || asksForStream(template) ? [] : [STREAM_IN_TEMPLATE];
  return remedy.usage('not-a-stream', `${url} does not stream: ${why}`, [
    ...inTemplate,
    'leave --stream out: answers are then timed as a whole',
    'or give a target that answers with newline-delimited JSON or server-sent events',
  ]);
}
