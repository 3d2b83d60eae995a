import { Flags } from '@oclif/core';
import { PROTOCOLS } from '../services/load/protocols/protocols.ts';
import { checkRange, numberFlag, refused } from './flags.ts';

const MAX_MODEL = 200;

/** A model of any server: names are theirs. */
const modelFlag = Flags.custom<string>({
  helpValue: 'MODEL',
  parse: async (text, _context, flag) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are in no name
    if (text.trim() === '' || /[\u0000-\u001f\u007f]/.test(text)) throw refused(flag, 'a name of a model is expected');
    checkRange(text.length, 'a name of so many characters', { ...flag, max: MAX_MODEL });
    return text;
  },
});

/** What is asked of a target, and as whom. */
export const requestFlags = {
  api: Flags.option({ options: PROTOCOLS.map(({ name }) => name) })({
    description:
      "how the target is asked [default: by the end of the URL's path; a URL without a path is asked what it is]",
  }),
  model: modelFlag({
    description: 'model that requests name [default: the only one that the target lists]',
  }),
  header: Flags.string({
    description: 'header of every request; its value goes into no record',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: "'NAME: VALUE'",
  }),
  'api-key-file': Flags.string({
    description: 'holds the key of the API, sent as a bearer token; or CHAINCTL_API_KEY is it',
    env: 'CHAINCTL_API_KEY_FILE',
    helpValue: 'FILE',
  }),
  'api-key-header': Flags.string({
    description:
      'header that carries the key as it is, for example x-api-key [default: authorization, as a bearer token]',
    helpValue: 'NAME',
  }),
};

/** What the body of a request is. */
export const bodyFlags = {
  'body-file': Flags.string({
    description:
      'template of the body, JSON: "{{prompt}}" and "{{model}}" in quotes; {{messages}}, {{max_tokens}}, {{stream}}, {{request}} without',
    helpValue: 'FILE',
  }),
  'max-tokens-field': Flags.option({ options: ['max_tokens', 'max_completion_tokens'] as const })({
    description: "what OpenAI's APIs call the most tokens of an answer [default: max_tokens]",
    helpValue: 'NAME',
  }),
  'ignore-eos': Flags.boolean({
    description: 'ask for answers that do not end before their most tokens (vLLM, SGLang)',
  }),
  temperature: numberFlag({ description: "temperature of the model [default: the target's]", min: 0, max: 10 }),
};
