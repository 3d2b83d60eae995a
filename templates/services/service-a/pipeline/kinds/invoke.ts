import type { OpenStep } from '../step-kind.ts';
import { fromRemote } from './generation.ts';
import { addressesOf } from './remote.ts';
import { asText } from './values.ts';

/** Another service with B's contract. */
export const invoke: OpenStep = (step, { remotes }) => {
  const remote = remotes.generating('invoke', addressesOf(step));
  return {
    usesEngine: false,
    keepsTime: true,
    run: async ({ inputs, run }) => fromRemote(await remote.invoke(asText(inputs.prompt), run)),
    close: () => remote.close(),
  };
};
