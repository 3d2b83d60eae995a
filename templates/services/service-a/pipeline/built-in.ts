import type { Pipeline, Step } from '../../../../src/services/pipelines/pipeline.ts';
import { parseTemplate } from '../../../../src/services/pipelines/template.ts';

const PLAIN = {
  shape: undefined,
  urls: [],
  policy: undefined,
  resolve: undefined,
  headers: {},
  timeoutMs: undefined,
  retries: 0,
  retryOn: [],
  onError: 'fail',
} as const satisfies Partial<Step>;

/**
 * The graph of contract 4.3: A's own model, then B.
 *
 * @param promptChars what A's model sees of its prompt, the instruction included, in code points
 */
export function builtInPipeline(promptChars: number): Pipeline {
  const instructed = 'Summarize the user prompt in 3 bullet points.\n\n{{ input.text }}';
  return {
    name: 'chain',
    timeoutMs: undefined,
    steps: [
      {
        ...PLAIN,
        name: 'a',
        kind: 'generate',
        needs: [],
        inputs: {
          prompt: parseTemplate(instructed),
          prompt_chars: { kind: 'literal', value: promptChars },
        },
      },
      { ...PLAIN, name: 'b', kind: 'service-b', needs: ['a'], inputs: {} },
    ],
    leaf: 'b',
  };
}

/** How failures of its steps are told: the texts and stages that `/chain` always had. */
export const BUILT_IN_WORDS: Readonly<Record<string, { readonly who: string; readonly stage: string }>> = {
  a: { who: 'ollama(A)', stage: 'ollama_a' },
  b: { who: 'remote(B)', stage: 'remote_b' },
};
