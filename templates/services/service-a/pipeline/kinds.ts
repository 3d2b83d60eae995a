import { chat } from './kinds/chat.ts';
import { embed } from './kinds/embed.ts';
import { generate } from './kinds/generate.ts';
import { index } from './kinds/index.ts';
import { invoke } from './kinds/invoke.ts';
import { join } from './kinds/join.ts';
import { raw } from './kinds/raw.ts';
import { rerank } from './kinds/rerank.ts';
import { retrieve } from './kinds/retrieve.ts';
import { serviceB } from './kinds/service-b.ts';
import type { OpenStep } from './step-kind.ts';

/** Everything that a step can be. */
export const KINDS: Readonly<Record<string, OpenStep>> = {
  generate,
  chat,
  'service-b': serviceB,
  invoke,
  embed,
  index,
  retrieve,
  rerank,
  raw,
  join,
};
