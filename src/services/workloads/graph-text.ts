import { excerpt } from '../chain/excerpt.ts';
import type { PipelineOfA, StepOfChain } from './answers.ts';

/** Whether it is the graph that is built in: A's own model, then B. Without their kinds, the names tell. */
export function isBuiltIn(steps: readonly { readonly name: string; readonly kind?: string }[]): boolean {
  const [own, remote, ...more] = steps;
  const is = (step: typeof own, name: string, kind: string) => step?.name === name && (step.kind ?? kind) === kind;
  return is(own, 'a', 'generate') && is(remote, 'b', 'service-b') && more.length === 0;
}

/** `runs the pipeline "retrieval" (embed, retrieve, answer), which asks no B`; of the built-in one, where it sends. */
export function graphText(pipeline: PipelineOfA | undefined, remote: string): string {
  const sends = `sends to ${remote}`;
  if (pipeline === undefined || isBuiltIn(pipeline.steps)) return sends;
  const names = pipeline.steps.map(({ name }) => excerpt(name)).join(', ');
  const asksB = pipeline.steps.some(({ kind }) => kind === 'service-b');
  return `runs the pipeline "${excerpt(pipeline.name)}" (${names}), which ${asksB ? sends : 'asks no B'}`;
}

/** `embed 0.01 s, rerank 0 s (skipped: status 404), answer 1.2 s`. */
export function stepsText(steps: readonly StepOfChain[]): string {
  return steps
    .map(({ name, seconds, error }) => {
      const took = seconds === undefined ? '' : ` ${seconds} s`;
      return `${excerpt(name)}${took}${error === undefined ? '' : ` (skipped: ${excerpt(error)})`}`;
    })
    .join(', ');
}
