import { z } from 'zod';
import { type GivenPipeline, pipelineFlag } from '../../config/pipeline-flag.ts';
import type { ChainClient } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import {
  answerCheck,
  type Bounds,
  type Check,
  checkMeasured,
  checkMinimum,
  engineText,
  judged,
  minimumText,
  notMore,
} from '../smoke/check.ts';
import { platformChecks } from '../smoke/platform.ts';
import { chainAnswer, healthA, type PipelineOfA } from './answers.ts';
import { graphText, isBuiltIn, stepsText } from './graph-text.ts';
import { pipelineFiles } from './pipeline-files.ts';
import { commonSettings, type ServiceDefinition } from './service-definition.ts';

const settings = z.object({
  /** The file of its graph, absolute; undefined for the built-in one. */
  pipeline: z.string().optional(),
  ...commonSettings,
});

/** Takes a prompt, answers in a few words, and sends them on to B: the whole chain. */
export const a: ServiceDefinition<z.infer<typeof settings>> = {
  name: 'a',
  title: 'service A',
  port: 8001,
  path: '/chain',
  entrances: { 'chat page': '/', 'OpenAI API': '/v1' },
  needs: ['b'],
  model: 'tinyllama',
  flags: {
    pipeline: pipelineFlag({
      description: 'graph of steps that A runs, in place of its model and B: a file as docs/pipelines.md describes it',
      env: 'CHAINCTL_PIPELINE',
    }),
  },
  settings,
  defaults: { numPredict: 20, numCtx: 512, promptChars: 700, temperature: 0.2 },
  ask(flags) {
    const { path, models = [] } = (flags.pipeline ?? {}) as Partial<GivenPipeline>;
    const otherModels = [...new Set(models.map(({ model }) => model))];
    return { pipeline: path, otherModels: otherModels.length > 0 ? otherModels : undefined };
  },
  files: ({ pipeline }, env) => (pipeline === undefined ? undefined : pipelineFiles(pipeline, env)),
  env: ({ model }, { b }) => ({
    OLLAMA_MODEL_A: String(model),
    ...(b === undefined ? {} : { REMOTE_B_URL: `${b}/invoke` }),
  }),
  variables: {
    ...{ OLLAMA_MODEL_A: ['model-a', 'model'], REMOTE_B_URL: ['b-url'] },
    ...{ CHAIN_FILE: ['pipeline'], CHAIN_VARIABLES: ['pipeline'], INDEX_DIR: ['pipeline'] },
  },
  image: { bundle: 'service-a.mjs' },
  contract: 'chain',
  answer: z.object({ service: z.literal('a'), a_summary: z.string() }),
  async linksOf(client, base, timeoutMs) {
    const health = await client.health(healthA, base, timeoutMs);
    return health.kind === 'answer' ? { b: health.body.remote_b } : undefined;
  },
  checks,
};

/** A's health, and the whole chain with its figures. */
function checks(client: ChainClient, bounds: Bounds): Check[] {
  const { minProcessSeconds, healthTimeoutMs, prompt } = bounds;
  let pipeline: PipelineOfA | undefined;
  return [
    answerCheck({
      id: 'a-health',
      name: 'A is healthy',
      side: 'a',
      decisive: true,
      expected: '200 with ok true, service "a" and what it runs',
      ask: (base) => client.health(healthA, base, healthTimeoutMs),
      judge({ model_a: model, remote_b: remote, pipeline: told, simulated = false }) {
        pipeline = told;
        return judged(`200, ${model}, ${graphText(told, remote)}`, simulated, []);
      },
    }),
    answerCheck({
      id: 'chain',
      name: 'The whole chain answers',
      side: 'a',
      expected: `200 with its texts, a_local_seconds + b_remote_seconds <= end_to_end_seconds${minimumText('b_remote_seconds', minProcessSeconds)}`,
      ask: (base) => client.send(chainAnswer, `${base}/chain`, prompt()),
      judge({ a_summary: summary, b_result: b, timing, simulated, steps }, seconds) {
        const { a_local_seconds: local, b_remote_seconds: remote, end_to_end_seconds: whole } = timing;
        const isOwn = steps === undefined || isBuiltIn(pipeline?.steps ?? steps);
        const actual = isOwn
          ? `200 via ${b.host}, a_local ${local} s${engineText(timing.engine)}, b_remote ${remote} s${engineText(b.timing.engine)}, end_to_end ${whole} s`
          : `200 from the pipeline${pipeline ? ` "${excerpt(pipeline.name)}"` : ''}: ${stepsText(steps)}, end_to_end ${whole} s`;
        // The first step of another graph need not generate, and the last one need not be B.
        const isOfB = isOwn || pipeline?.steps.find(({ name }) => name === pipeline?.answer)?.kind === 'service-b';
        const empty =
          isOwn && summary.trim() === ''
            ? 'a_summary'
            : b.llm_text.trim() === '' && (isOfB ? 'b_result.llm_text' : 'the answer');
        const what = isOfB ? 'B' : 'the step that answers';
        return judged(actual, simulated === true || b.simulated === true, [
          [empty && `${empty} is empty`, 'check the engine behind that service: does the model answer?'],
          [
            !notMore(local + remote, whole) && 'the two steps together are longer than the whole',
            'check how A measures: the steps are consecutive and part of end_to_end_seconds',
          ],
          [
            !notMore(b.timing.total_seconds, remote) &&
              `${what} reports that it took ${b.timing.total_seconds} s, longer than A waited for it`,
            `check that A measures the whole exchange with ${what}, and that both report seconds`,
          ],
          [checkMeasured(whole, seconds, 'end_to_end_seconds'), 'check that A reports seconds, from a monotonic clock'],
          [isOfB && checkMinimum(Math.min(remote, seconds), minProcessSeconds), 'check MIN_PROCESS_SECONDS of B'],
        ]);
      },
    }),
    ...platformChecks(client, bounds, 'a', 'chain'),
  ];
}
