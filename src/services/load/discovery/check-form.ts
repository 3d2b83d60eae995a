import { remedy } from '../../../errors.ts';
import type { RequestForm } from '../protocols/ask.ts';
import type { ApiSetting } from '../protocols/protocol.ts';
import { PROTOCOLS, protocolNamed } from '../protocols/protocols.ts';

/** Settings that only some APIs have, by the flag of each, and the place of a template that stands for it. */
const FLAGS: Readonly<Record<ApiSetting, readonly [flag: string, place?: string]>> = {
  model: ['model', '{{model}}'],
  maxTokens: ['max-tokens', '{{max_tokens}}'],
  temperature: ['temperature'],
  maxTokensField: ['max-tokens-field'],
  ignoreEos: ['ignore-eos'],
};

/**
 * That what was asked for gets into the requests: a flag that changes nothing would be believed to.
 *
 * @param settings of the load, with the API that was found
 * @throws RemedyError (exit 2) for a setting that the API, or the template, does not have
 */
export function checkForm(
  settings: { readonly api: string } & Pick<Partial<RequestForm>, 'template'> & {
      readonly [K in ApiSetting]?: unknown;
    },
): void {
  const { api, template } = settings;
  const takes = protocolNamed(api).takes ?? [];
  for (const [name, [flag, place]] of Object.entries(FLAGS) as [ApiSetting, readonly [string, string?]][]) {
    if (settings[name] === undefined) continue;
    if (template === undefined ? takes.includes(name) : place !== undefined && hasPlace(template, place)) continue;
    if (template !== undefined) {
      const step =
        place === undefined
          ? `write it into the template, and leave --${flag} out`
          : `write ${place} into it, or leave --${flag} out`;
      throw remedy.usage('usage', `--${flag} has no place in the template of --body-file`, [step]);
    }
    const others = PROTOCOLS.filter((each) => each.takes?.includes(name)).map((each) => each.name);
    throw remedy.usage('usage', `--${flag} is no part of a request of the API ${api}`, [
      `leave it out, or name an API that has it: --api ${others.join(', ')}`,
      ...(place === undefined ? [] : [`or write the body with --body-file, and ${place} in it`]),
    ]);
  }
}

function hasPlace(template: string, place: string): boolean {
  return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, '{{$1}}').includes(place);
}
