import type { OpenStep } from '../step-kind.ts';
import { StepProblem } from '../step-problem.ts';
import { jsonService } from './json-service.ts';
import { asText } from './values.ts';

/** Any service that takes JSON. */
export const raw: OpenStep = (step, { remotes }) => {
  const service = jsonService(step, remotes);
  return {
    usesEngine: false,
    keepsTime: true,
    async run({ inputs, run }) {
      const { json, text, address, attempts } = await service.ask(inputs.body ?? null, run);
      const pointer = inputs.text as string | undefined;
      const found = pointer === undefined ? text : at(json, pointer);
      if (found === undefined)
        throw new StepProblem(502, `${run.who} error: its answer has nothing at ${pointer || '/'}`);
      return { output: { json: json ?? null, text: asText(found) }, address, attempts };
    },
    close: () => service.close(),
  };
};

/** What a JSON pointer (RFC 6901) names; undefined where there is nothing. */
function at(json: unknown, pointer: string): unknown {
  const words = pointer.split('/').slice(1);
  return words.reduce<unknown>((value, word) => {
    const key = word.replaceAll('~1', '/').replaceAll('~0', '~');
    const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return has ? (value as Record<string, unknown>)[key] : undefined;
  }, json);
}
