import { remedy } from '../../../errors.ts';
import type { RequestForm } from '../protocols/ask.ts';
import { asksForStream } from '../protocols/body-template.ts';
import type { ApiSetting } from '../protocols/protocol.ts';
import { PROTOCOLS, protocolNamed } from '../protocols/protocols.ts';
import type { LoadedData } from '../workload/loaded.ts';
import type { WorkloadSettings } from '../workload/settings.ts';

/** Settings that only some APIs have, by the flag of each, and the place of a template that stands for it. */
const FLAGS: Readonly<Record<ApiSetting, readonly [flag: string, place?: string]>> = {
  model: ['model', '{{model}}'],
  maxTokens: ['max-tokens', '{{max_tokens}}'],
  temperature: ['temperature'],
  maxTokensField: ['max-tokens-field'],
  ignoreEos: ['ignore-eos'],
};

/** What a load asks for that is to get into its requests. */
type Asked = { readonly api: string; readonly workload?: WorkloadSettings } & Pick<Partial<RequestForm>, 'template'> & {
    readonly [K in ApiSetting]?: unknown;
  };

/**
 * That what was asked for gets into the requests: a flag that changes nothing would be believed to.
 *
 * @param settings of the load, with the API that was found
 * @throws RemedyError (exit 2) for a setting that the API, or the template, does not have
 */
export function checkForm(settings: Asked): void {
  const { api, template, workload: { maxTokens, mix = [] } = {} } = settings;
  const inMix = mix.find((each) => each.maxTokens !== undefined);
  const isOfMix = maxTokens === undefined && inMix !== undefined;
  const all = { ...settings, maxTokens: settings.maxTokens ?? maxTokens ?? inMix?.maxTokens };
  for (const [name, [own, place]] of Object.entries(FLAGS) as [ApiSetting, readonly [string, string?]][]) {
    if (all[name] === undefined || hasField(settings, name)) continue;
    const flag = name === 'maxTokens' && isOfMix ? `mix ${inMix.name}=...,${own}=...` : own;
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

/** What makes a template ask for the streams that a load measures. */
export const STREAM_IN_TEMPLATE =
  'write "stream": {{stream}} into the template of --body-file, which does not ask for a stream';

/**
 * That a load measures streams, and its template does not ask for any: the target has to stream anyway.
 *
 * @returns undefined where it does
 */
export function unaskedStream({
  stream,
  template,
}: Partial<Pick<RequestForm, 'stream' | 'template'>>): string | undefined {
  if (stream !== true || template === undefined || asksForStream(template)) return undefined;
  return `--stream measures streams, and an answer in one piece counts as a failure: ${STREAM_IN_TEMPLATE}`;
}

function hasPlace(template: string, place: string): boolean {
  return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, '{{$1}}').includes(place);
}

/**
 * That a file tells how long answers are to be, and requests have no field to say it: the target decides.
 *
 * @param data what the workload refers to
 * @returns undefined where nothing is lost
 */
export function lostTokens(settings: Asked, data: LoadedData | undefined): string | undefined {
  const lost = settings.workload && data?.tellsMaxTokens(settings.workload);
  if (lost === undefined || hasField(settings, 'maxTokens')) return undefined;
  const [, place] = FLAGS.maxTokens;
  const without =
    settings.template === undefined
      ? `requests of the API ${settings.api} have no field for them`
      : `the template of --body-file has no ${place}`;
  return `${lost} tells the most tokens of answers, and ${without}: answers are as long as the target makes them`;
}

/** Whether requests say so much: by a field of the API, or a place of the template. */
function hasField({ api, template }: Asked, name: ApiSetting): boolean {
  if (template === undefined) return protocolNamed(api).takes?.includes(name) === true;
  const [, place] = FLAGS[name];
  return place !== undefined && hasPlace(template, place);
}
