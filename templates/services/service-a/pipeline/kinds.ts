import { generate } from './kinds/generate.ts';
import { invoke } from './kinds/invoke.ts';
import { join } from './kinds/join.ts';
import { serviceB } from './kinds/service-b.ts';
import type { OpenStep } from './step-kind.ts';

/** Everything that a step can be. */
export const KINDS: Readonly<Record<string, OpenStep>> = {
  generate,
  'service-b': serviceB,
  invoke,
  join,
};
