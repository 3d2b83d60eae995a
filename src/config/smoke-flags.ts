import { Flags } from '@oclif/core';
import { remedy } from '../errors.ts';
import { protocolAt } from '../services/load/protocols/protocols.ts';
import { USUAL_TOKENS } from '../services/smoke/model-smoke.ts';
import { smokeTarget } from '../services/smoke/targets.ts';
import { shellWord } from '../services/words.ts';
import { caFileFlag, durationFlag, integerFlag, isTyped, tokenFileFlag } from './flags.ts';
import { bodyFlags, requestFlags } from './request-flags.ts';
import { serviceUrlFlags, smokeTargetFlag } from './service-urls.ts';

/** Of a model's server, and not of a chain. */
const modelFlags = {
  ...requestFlags,
  count: integerFlag({ description: 'streamed requests, one after another', default: 3, min: 1, max: 1000 }),
  'max-tokens': integerFlag({ description: `most tokens of each answer [default: ${USUAL_TOKENS}]`, min: 1 }),
  'max-tokens-field': bodyFlags['max-tokens-field'],
};

/** The flags of `chainctl smoke`. */
export const smokeFlags = {
  target: smokeTargetFlag(),
  ...serviceUrlFlags,
  'min-process-seconds': durationFlag({
    description: 'minimum processing time of B [default: what the stack was deployed with, else not checked]',
    helpValue: '5s',
  }),
  timeout: durationFlag({
    description: 'longest time of each request; health requests have at most 10 s',
    default: 180,
    min: 0.1,
  }),
  'token-file': tokenFileFlag,
  'ca-file': caFileFlag,
  junit: Flags.string({ description: 'file to write the results to as JUnit XML, too', helpValue: 'FILE' }),
  ...(Object.fromEntries(
    Object.entries(modelFlags).map(([name, flag]) => [name, { ...flag, helpGroup: 'MODEL SERVER' }]),
  ) as typeof modelFlags),
};

/**
 * The server of a model that a smoke test means, where it means one: `--api`, `--model` or the path of the URL says so.
 *
 * @throws RemedyError (exit 2) where a flag of such a server stands without it, or no URL
 */
export function modelServer(
  { target, api, model }: { target?: string | undefined; api?: string | undefined; model?: string | undefined },
  argv: readonly string[],
): string | undefined {
  const { url } = smokeTarget(target);
  // What was named is named again.
  const step = `chainctl smoke --api openai-chat --target ${shellWord(url ?? 'http://127.0.0.1:8000')}`;
  if (api === undefined && model === undefined && !isOfModels(url)) {
    const other = Object.keys(modelFlags).find((flag) => isTyped(argv, flag));
    if (other === undefined) return undefined;
    throw remedy.usage('usage', `--${other} is of a server of a model, and this checks a chain`, [
      `say which API the server speaks: ${step}`,
    ]);
  }
  if (url !== undefined) return url;
  throw remedy.usage('usage', 'a smoke test of a server of a model needs its URL', [step]);
}

/** Whether requests to a URL name a model: `/v1/chat/completions`. */
function isOfModels(url: string | undefined): boolean {
  const path = url === undefined ? undefined : URL.parse(url)?.pathname;
  return path !== undefined && protocolAt(path)?.models !== undefined;
}
