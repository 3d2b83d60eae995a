import type { Step } from '../../../../../src/services/pipelines/pipeline.ts';
import type { StepAddresses } from '../remote-step.ts';

/** Of one attempt, where the file names none. */
export const TIMEOUT_MS = 120_000;

/** B has a time of its own, in the environment. */
export function addressesOf({ name, kind, urls, policy, resolve, headers, timeoutMs }: Step): StepAddresses {
  const usual = kind === 'service-b' ? undefined : TIMEOUT_MS;
  return { step: name, urls, policy, resolve, headers, timeoutMs: timeoutMs ?? usual };
}
