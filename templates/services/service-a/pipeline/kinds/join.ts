import type { OpenStep } from '../step-kind.ts';
import { asText } from './values.ts';

/** A text made of others. */
export const join: OpenStep = () => ({
  usesEngine: false,
  run: async ({ inputs }) => ({ output: { text: asText(inputs.text) } }),
});
