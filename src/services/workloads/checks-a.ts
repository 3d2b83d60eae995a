import type { ChainClient } from '../chain/client.ts';
import {
  type Bounds,
  type Check,
  engineText,
  type Finding,
  failureOf,
  healthTimeout,
  notMore,
} from '../smoke/check.ts';
import type { ChainAnswer } from './answers.ts';
import { checkMeasured, checkMinimum, minimumText } from './checks-b.ts';

/** A's health, and the whole chain with its figures. */
export function checksOfA(client: ChainClient, { minProcessSeconds, timeoutMs, prompt }: Bounds): Check[] {
  return [
    {
      id: 'a-health',
      name: 'A is healthy',
      side: 'a',
      expected: '200 with ok true, service "a" and the address of B',
      async run(base) {
        const reply = await client.healthA(base, healthTimeout(timeoutMs));
        if (reply.kind !== 'answer') {
          return { ...(failureOf(reply, 'A') as Finding), unreachable: reply.kind === 'transport' };
        }
        const { model_a: model, remote_b: remote, simulated } = reply.body;
        return { passed: true, actual: `200, ${model}, sends to ${remote}`, simulated: simulated === true };
      },
    },
    {
      id: 'chain',
      name: 'The whole chain answers',
      side: 'a',
      expected: `200 with both texts, a_local_seconds + b_remote_seconds <= end_to_end_seconds${minimumText('b_remote_seconds', minProcessSeconds)}`,
      async run(base) {
        const reply = await client.chain(base, prompt());
        if (reply.kind !== 'answer') return failureOf(reply, 'A') as Finding;
        const { body, seconds } = reply;
        const { a_local_seconds: local, b_remote_seconds: remote, end_to_end_seconds: whole } = body.timing;
        const actual = `200 via ${body.b_result.host}, a_local ${local} s${engineText(body.timing.engine)}, b_remote ${remote} s${engineText(body.b_result.timing.engine)}, end_to_end ${whole} s`;
        const fault = faultOf(body, seconds, minProcessSeconds);
        if (fault !== undefined) return { passed: false, actual: `${actual}: ${fault.why}`, remedy: fault.remedy };
        return { passed: true, actual, simulated: body.simulated === true || body.b_result.simulated === true };
      },
    },
  ];
}

interface Fault {
  readonly why: string;
  readonly remedy: string;
}

function faultOf(body: ChainAnswer, seconds: number, minimum: number | undefined): Fault | undefined {
  const { a_local_seconds: local, b_remote_seconds: remote, end_to_end_seconds: whole } = body.timing;
  if (body.a_summary.trim() === '' || body.b_result.llm_text.trim() === '') {
    const empty = body.a_summary.trim() === '' ? 'a_summary' : 'b_result.llm_text';
    return { why: `${empty} is empty`, remedy: 'check the engine behind that service: does the model answer?' };
  }
  if (!notMore(local + remote, whole)) {
    return {
      why: 'the two steps together are longer than the whole',
      remedy: 'check how A measures: the steps are consecutive and part of end_to_end_seconds',
    };
  }
  if (!notMore(body.b_result.timing.total_seconds, remote)) {
    return {
      why: `B reports that it took ${body.b_result.timing.total_seconds} s, longer than A waited for it`,
      remedy: 'check that A measures the whole exchange with B, and that both report seconds',
    };
  }
  const claim = checkMeasured(whole, seconds, 'end_to_end_seconds');
  if (claim !== undefined) return { why: claim, remedy: 'check that A reports seconds, from a monotonic clock' };
  const early = checkMinimum(Math.min(remote, seconds), minimum);
  return early === undefined ? undefined : { why: early, remedy: 'check MIN_PROCESS_SECONDS of B' };
}
