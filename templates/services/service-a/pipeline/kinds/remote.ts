import type { Step } from '../../../../../src/services/pipelines/pipeline.ts';
import type { StepAddresses } from '../remote-step.ts';

export function addressesOf({ name, urls, policy, resolve, headers, timeoutMs }: Step): StepAddresses {
  return { step: name, urls, policy, resolve, headers, timeoutMs };
}
