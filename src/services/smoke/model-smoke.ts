import type { Emit } from '../../events.ts';
import type { ChainClient } from '../chain/client.ts';
import { excerpt, printable } from '../chain/excerpt.ts';
import type { Clock } from '../clock.ts';
import { defined } from '../defined.ts';
import { checkForm } from '../load/discovery/check-form.ts';
import { explainRefusal } from '../load/discovery/explain-refusal.ts';
import { type FoundTarget, findTarget } from '../load/discovery/find-target.ts';
import { stepsOf, withStepsOf } from '../load/discovery/steps-of.ts';
import { isSuccess } from '../load/engine/exchange.ts';
import { MAX_STREAM_BYTES } from '../load/engine/http/raw-connection.ts';
import { TokenMeter } from '../load/engine/stream/token-meter.ts';
import { judgeStream } from '../load/protocols/answers.ts';
import { asking, type RequestForm } from '../load/protocols/ask.ts';
import { asksForUsage, protocolNamed } from '../load/protocols/protocols.ts';
import { writeBody } from '../load/protocols/write-body.ts';
import { longPrompts } from './prompts.ts';
import type { CheckResult, SmokeReport } from './types.ts';

export interface ModelSmokeOptions {
  readonly targetUrl: string;
  readonly api?: string;
  readonly model?: string;
  readonly maxTokensField?: string;
  /** Requests, one after another. */
  readonly count: number;
  /** Most tokens of an answer; default {@link USUAL_TOKENS}. */
  readonly maxTokens?: number;
  readonly timeoutSeconds: number;
  /** Begins the prompts: an engine keeps what an earlier run has asked. */
  readonly seed: number;
}

/** Most tokens of an answer where the command says nothing: enough to see that there are some. */
export const USUAL_TOKENS = 64;

interface ModelSmokeDeps {
  readonly client: ChainClient;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly headers: Readonly<Record<string, string>>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** The command as it was typed, for one that can be pasted. */
  readonly commandLine: readonly string[];
  /** The flags of the command that whoever reads an error or a step has. */
  readonly flags?: readonly string[];
}

/** One streamed request; times in seconds, counted from its sending. */
export interface ModelRequest {
  /** 0 where no HTTP answer came. */
  readonly status: number;
  readonly complete: boolean;
  readonly firstTokenSeconds?: number;
  readonly totalSeconds: number;
  readonly tokens?: number;
  /** The target does not tell how many there were: events stand for tokens. */
  readonly tokensEstimated?: boolean;
  /** Tokens by the whole time. */
  readonly tokensPerSecond?: number;
  readonly why: string;
  /** Under which class a load would count it; `ok` where it is complete. */
  readonly fault: string;
}

/** What a smoke test of a model's server came to: a check for each request, and the means of the complete ones. */
export interface ModelSmokeReport extends SmokeReport {
  readonly api: string;
  readonly model?: string;
  readonly requests: readonly ModelRequest[];
  readonly mean?: Pick<ModelRequest, 'firstTokenSeconds' | 'totalSeconds' | 'tokens' | 'tokensPerSecond'>;
}

/**
 * Asks a server of a model for a few streamed answers, one after another.
 *
 * @throws what {@link findTarget} and {@link checkForm} throw, and the signal's reason when it is aborted
 */
export async function runModelSmoke(options: ModelSmokeOptions, deps: ModelSmokeDeps): Promise<ModelSmokeReport> {
  try {
    return await checkAll(options, deps);
  } catch (error) {
    throw withStepsOf(deps.flags ?? [], error);
  }
}

async function checkAll(options: ModelSmokeOptions, deps: ModelSmokeDeps): Promise<ModelSmokeReport> {
  const { count, maxTokens = USUAL_TOKENS, maxTokensField } = options;
  const { emit, signal } = deps;
  const found = await findTarget({ ...options, preflight: true }, deps);
  const { targetUrl, api, model } = found;
  checkForm({ ...options, api });
  let form: RequestForm = { api, stream: true, ...defined({ model, maxTokensField }) };
  const prompt = longPrompts(options.seed);
  const requests: ModelRequest[] = [];
  const checks: CheckResult[] = [];
  for (let index = 0; index < count; index++) {
    signal.throwIfAborted();
    const name = `Request ${index + 1} of ${count}`;
    emit({ type: 'check-started', name, index, count });
    const send = (as: RequestForm) => ask(found, as, writeBody({ ...asking(prompt()), maxTokens }, as), options, deps);
    let request = await send(form);
    if (request.status === 400 && asksForUsage(form)) {
      const plain = { ...form, usage: false };
      const again = await send(plain);
      if (again.complete) [request, form] = [again, plain];
    }
    requests.push(request);
    const isFirst = !request.complete && requests.every(({ complete }, at) => complete || at === index);
    const target = { targetUrl, commandLine: deps.commandLine };
    const refusal = isFirst ? await explainRefusal(target, form, request, deps) : undefined;
    const [step] = stepsOf(deps.flags ?? [], refusal?.nextSteps ?? []);
    const result = { ...checkOf(`request-${index + 1}`, name, request), ...defined({ remedy: step }) };
    checks.push(result);
    emit({ type: 'check-done', result, index, count });
  }
  const passed = requests.filter(({ complete }) => complete).length;
  return {
    target: targetUrl,
    ...defined({ api, model, mean: meanOf(requests.filter(({ complete }) => complete)) }),
    simulated: false,
    ...{ requests, checks, hosts: {}, passed, failed: count - passed, skipped: 0 },
  };
}

async function ask(
  { targetUrl: url, api }: FoundTarget,
  form: RequestForm,
  body: string,
  { timeoutSeconds }: ModelSmokeOptions,
  { client, clock, headers, signal }: ModelSmokeDeps,
): Promise<ModelRequest> {
  const protocol = protocolNamed(api);
  const timeoutMs = timeoutSeconds * 1000;
  const meter = new TokenMeter({ ends: protocol.ends });
  const own = { ...protocol.headers({ stream: form.stream, timeoutMs }), ...headers };
  const sentAt = clock.monotonic();
  const onRead = (bytes: Buffer) => meter.take(bytes, 0, bytes.length, clock.monotonic(), '');
  const reads = { onRead, ...(form.stream && { maxReadBytes: MAX_STREAM_BYTES }) };
  const reply = await client.raw({ url, method: 'POST', body, headers: own, timeoutMs, signal, ...reads });
  const totalSeconds = reply.seconds;
  if (reply.kind === 'transport')
    return { status: 0, complete: false, totalSeconds, why: reply.reason, fault: reply.code };
  const { status, text, location } = reply;
  meter.end();
  // A compressed one can be read only now, and nobody knows when its first token came.
  const whole = meter.fault === undefined ? undefined : TokenMeter.ofText(text, { ends: protocol.ends });
  const read = whole?.fault === undefined && whole !== undefined ? whole : meter;
  const verdict = isSuccess(status) ? judgeStream(read, protocol.judge) : protocol.judge(status, text, location);
  if (verdict.outcome !== 'ok')
    return { status, complete: false, totalSeconds, why: verdict.error, fault: verdict.class };
  const tokens = verdict.figures?.output_tokens;
  const firstAt = read === whole ? undefined : (meter.firstAt ?? meter.reasoningAt);
  return defined({
    status,
    complete: true,
    ...{ why: '', fault: verdict.class },
    firstTokenSeconds: firstAt === undefined ? undefined : (firstAt - sentAt) / 1000,
    totalSeconds,
    tokens,
    tokensEstimated: verdict.tokens_estimated,
    tokensPerSecond: tokens === undefined || totalSeconds === 0 ? undefined : tokens / totalSeconds,
  });
}

function checkOf(id: string, name: string, request: ModelRequest): CheckResult {
  const { complete, status, totalSeconds: seconds, why, firstTokenSeconds: first, tokens } = request;
  const brought = [
    String(status),
    ...(first === undefined ? [] : [`first token after ${first.toFixed(3)} s`]),
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
  ];
  const actual = complete ? brought.join(', ') : printable(why === '' ? `status ${status}` : excerpt(why));
  return { id, name, status: complete ? 'passed' : 'failed', seconds, expected: 'a complete streamed answer', actual };
}

function meanOf(requests: readonly ModelRequest[]): ModelSmokeReport['mean'] | undefined {
  if (requests.length === 0) return undefined;
  const mean = (of: (request: ModelRequest) => number | undefined) => {
    const known = requests.flatMap((each) => of(each) ?? []);
    return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0) / known.length;
  };
  return defined({
    firstTokenSeconds: mean((each) => each.firstTokenSeconds),
    totalSeconds: mean((each) => each.totalSeconds) ?? 0,
    tokens: mean((each) => each.tokens),
    tokensPerSecond: mean((each) => each.tokensPerSecond),
  });
}
