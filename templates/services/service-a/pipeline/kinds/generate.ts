import { firstCodePoints } from '../../../common/prompt.ts';
import type { OpenStep } from '../step-kind.ts';
import { callersOrder, fromEngine } from './generation.ts';
import { asText } from './values.ts';

/** The own engine goes on from a prompt. As the answer of a chat it is one: with the caller's sampling, limits and tools. */
export const generate: OpenStep = (_step, deps) => ({
  usesEngine: true,
  async run({ inputs, input, isLeaf, run }) {
    const { prompt_chars: cut, max_tokens, num_ctx, temperature } = inputs as Record<string, number | undefined>;
    const whole = asText(inputs.prompt);
    const prompt = cut === undefined ? whole : firstCodePoints(whole, cut);
    const model = (inputs.model as string | undefined) ?? deps.model();
    const { defaults, engine, host } = deps;
    if (isLeaf && input.chat !== undefined) {
      const order = callersOrder(
        input.chat,
        { maxTokens: max_tokens, sampling: { temperature } },
        deps.defaultMaxTokens,
      );
      const answer = await engine.chat({ ...order, model, messages: [{ role: 'user', content: prompt }] }, run);
      return fromEngine(answer, model, host);
    }
    const answer = await engine.generate(
      {
        model,
        prompt,
        numPredict: max_tokens ?? defaults.numPredict,
        numCtx: num_ctx ?? defaults.numCtx,
        temperature: temperature ?? defaults.temperature,
      },
      run,
    );
    return fromEngine(answer, model, host);
  },
});
