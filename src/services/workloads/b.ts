import { z } from 'zod';
import { durationFlag } from '../../config/flags.ts';
import type { ChainClient } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import {
  answerCheck,
  type Bounds,
  type Check,
  checkMeasured,
  checkMinimum,
  engineText,
  type Finding,
  failureOf,
  judged,
  minimumText,
  notMore,
} from '../smoke/check.ts';
import { platformChecks } from '../smoke/platform.ts';
import { LONG_PROMPT_LENGTH } from '../smoke/prompts.ts';
import { healthB, invokeAnswer } from './answers.ts';
import { commonSettings, type ServiceDefinition } from './service-definition.ts';

const settings = z.object({
  /** Its answers are never sent earlier than this, seconds; undefined for the service's own. */
  minProcessSeconds: z.number().min(0).optional(),
  ...commonSettings,
});

/** Takes a prompt, and answers it at length. */
export const b: ServiceDefinition<z.infer<typeof settings>> = {
  name: 'b',
  title: 'service B',
  port: 8002,
  path: '/invoke',
  needs: [],
  model: 'phi3:mini',
  flags: {
    'min-process-seconds': durationFlag({
      description: "shortest time of an answer of B [default: the service's own, 5 s]",
      helpValue: '5s',
      min: 0,
      max: 3600,
      env: 'CHAINCTL_MIN_PROCESS_SECONDS',
    }),
  },
  settings,
  defaults: { numPredict: 40, numCtx: 1024, promptChars: 1200, temperature: 0.2 },
  ask: (flags) => ({ minProcessSeconds: flags['min-process-seconds'] as number | undefined }),
  env: ({ model, minProcessSeconds }) => ({
    OLLAMA_MODEL: String(model),
    ...(minProcessSeconds === undefined ? {} : { MIN_PROCESS_SECONDS: String(minProcessSeconds) }),
  }),
  variables: { OLLAMA_MODEL: ['model-b', 'model'], MIN_PROCESS_SECONDS: ['min-process-seconds'] },
  image: { bundle: 'service-b.mjs' },
  contract: 'invoke',
  answer: z.object({ service: z.literal('b'), llm_text: z.string() }),
  checks,
};

/** How often B's health is asked to see which hosts answer. */
const HOST_PROBES = 20;

/** B on its own: health, which hosts answer, and one real prompt. */
function checks(client: ChainClient, bounds: Bounds): Check[] {
  const { minProcessSeconds, healthTimeoutMs, prompt } = bounds;
  return [
    answerCheck({
      id: 'b-health',
      name: 'B is healthy',
      side: 'b',
      decisive: true,
      expected: '200 with ok true, service "b" and a host',
      ask: (base) => client.health(healthB, base, healthTimeoutMs),
      judge: ({ host, simulated = false }) => judged(`200 from ${host}`, simulated, []),
    }),
    {
      id: 'b-hosts',
      name: `B is healthy ${HOST_PROBES} times in a row`,
      side: 'b',
      expected: `${HOST_PROBES} times 200, each naming its host`,
      run: (base) => probeHosts(client, base, healthTimeoutMs),
    },
    answerCheck({
      id: 'b-invoke',
      name: `B answers a prompt of ${LONG_PROMPT_LENGTH} characters`,
      side: 'b',
      expected: `200 with a text, ollama_seconds <= total_seconds${minimumText('total_seconds', minProcessSeconds)}`,
      ask: (base) => client.send(invokeAnswer, `${base}/invoke`, prompt()),
      judge({ host, llm_text: text, model, simulated = false, timing }, seconds) {
        const { total_seconds: total, ollama_seconds: part, engine } = timing;
        const actual = `200 from ${host}, ${model}, total_seconds ${total}, ollama_seconds ${part}${engineText(engine)}`;
        return judged(actual, simulated, [
          [text.trim() === '' && 'llm_text is empty', 'check the engine behind B: does the model answer?'],
          [
            !notMore(part, total) && 'the part is longer than the whole',
            "check how B measures: the model's time is part of the total",
          ],
          [checkMeasured(total, seconds, 'total_seconds'), 'check that B reports seconds, from a monotonic clock'],
          [checkMinimum(Math.min(total, seconds), minProcessSeconds), 'check MIN_PROCESS_SECONDS of B'],
        ]);
      },
    }),
    ...platformChecks(client, bounds, 'b'),
  ];
}

async function probeHosts(client: ChainClient, base: string, timeoutMs: number): Promise<Finding> {
  const hosts: Record<string, number> = Object.create(null);
  for (let probe = 1; probe <= HOST_PROBES; probe++) {
    const reply = await client.health(healthB, base, timeoutMs);
    if (reply.kind !== 'answer') {
      const failure = failureOf(reply, 'B');
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
