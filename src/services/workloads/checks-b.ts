import type { ChainClient } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import {
  type Bounds,
  type Check,
  engineText,
  type Finding,
  failureOf,
  healthTimeout,
  notMore,
} from '../smoke/check.ts';
import { LONG_PROMPT_LENGTH } from '../smoke/prompts.ts';

/** How often B's health is asked to see which hosts answer. */
const HOST_PROBES = 20;

/** B on its own: health, which hosts answer, and one real prompt. */
export function checksOfB(client: ChainClient, { minProcessSeconds, timeoutMs, prompt }: Bounds): Check[] {
  return [
    {
      id: 'b-health',
      name: 'B is healthy',
      side: 'b',
      expected: '200 with ok true, service "b" and a host',
      async run(base) {
        const reply = await client.healthB(base, healthTimeout(timeoutMs));
        if (reply.kind !== 'answer') {
          // Nothing else that asks B can do better when even its health does not answer.
          return { ...(failureOf(reply, 'B') as Finding), unreachable: reply.kind === 'transport' };
        }
        return { passed: true, actual: `200 from ${reply.body.host}`, simulated: reply.body.simulated === true };
      },
    },
    {
      id: 'b-hosts',
      name: `B is healthy ${HOST_PROBES} times in a row`,
      side: 'b',
      expected: `${HOST_PROBES} times 200, each naming its host`,
      run: (base) => probeHosts(client, base, healthTimeout(timeoutMs)),
    },
    {
      id: 'b-invoke',
      name: `B answers a prompt of ${LONG_PROMPT_LENGTH} characters`,
      side: 'b',
      expected: `200 with a text, ollama_seconds <= total_seconds${minimumText('total_seconds', minProcessSeconds)}`,
      async run(base) {
        const reply = await client.invoke(base, prompt());
        if (reply.kind !== 'answer') return failureOf(reply, 'B') as Finding;
        const { host, llm_text: text, model, simulated, timing } = reply.body;
        const actual = `200 from ${host}, ${model}, total_seconds ${timing.total_seconds}, ollama_seconds ${timing.ollama_seconds}${engineText(timing.engine)}`;
        const wrong = (why: string, remedy: string) => ({ passed: false, actual: `${actual}: ${why}`, remedy });
        if (text.trim() === '') return wrong('llm_text is empty', 'check the engine behind B: does the model answer?');
        if (!notMore(timing.ollama_seconds, timing.total_seconds)) {
          return wrong(
            'the part is longer than the whole',
            "check how B measures: the model's time is part of the total",
          );
        }
        const claim = checkMeasured(timing.total_seconds, reply.seconds, 'total_seconds');
        if (claim !== undefined) return wrong(claim, 'check that B reports seconds, from a monotonic clock');
        const early = checkMinimum(Math.min(timing.total_seconds, reply.seconds), minProcessSeconds);
        if (early !== undefined) return wrong(early, 'check MIN_PROCESS_SECONDS of B');
        return { passed: true, actual, simulated: simulated === true };
      },
    },
  ];
}

async function probeHosts(client: ChainClient, base: string, timeoutMs: number): Promise<Finding> {
  const hosts: Record<string, number> = Object.create(null);
  for (let probe = 1; probe <= HOST_PROBES; probe++) {
    const reply = await client.healthB(base, timeoutMs);
    if (reply.kind !== 'answer') {
      const failure = failureOf(reply, 'B') as Finding;
      return { ...failure, actual: `request ${probe} of ${HOST_PROBES}: ${failure.actual}`, hosts: { ...hosts } };
    }
    const host = excerpt(reply.body.host);
    hosts[host] = (hosts[host] ?? 0) + 1;
  }
  const counts = Object.entries(hosts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, count]) => `${host} ${count}`);
  const from = counts.length === 1 ? 'one host' : `${counts.length} hosts`;
  return { passed: true, actual: `${HOST_PROBES} times 200 from ${from}: ${counts.join(', ')}`, hosts: { ...hosts } };
}

/** `, total_seconds >= 5`, or nothing to check but the sign, which the schema does. */
export function minimumText(field: string, minimum: number | undefined): string {
  return minimum === undefined ? '' : `, ${field} >= ${minimum}`;
}

/** Why a time is below the minimum processing time, if it is. */
export function checkMinimum(seconds: number, minimum: number | undefined): string | undefined {
  if (minimum === undefined || notMore(minimum, seconds)) return undefined;
  return `answered after ${seconds.toFixed(3)} s, before the minimum processing time of ${minimum} s`;
}

/** Why a reported time cannot be true, if it is longer than the whole exchange took here. */
export function checkMeasured(reported: number, measured: number, field: string): string | undefined {
  if (notMore(reported, measured)) return undefined;
  return `${field} is more than the ${measured.toFixed(3)} s that the whole request took here`;
}
