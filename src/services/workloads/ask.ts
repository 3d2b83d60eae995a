import { checkModelName, modelFlag } from '../../config/flags.ts';
import { setFlag } from '../../config/set-flag.ts';
import { refuseForeignTuning, tuningFlags, tuningOf } from '../../config/tuning-flags.ts';
import { remedy } from '../../errors.ts';
import { variable } from '../words.ts';
import { SERVICES } from './catalog.ts';
import { settingsGiven } from './given-setting.ts';
import type { FlagSet, FlagValues, ServiceDefinition, ServiceSettings } from './service-definition.ts';

/** The settings of each deployed service, by name: the part of a request that is the same on all places. */
export type AskedServices = Record<string, ServiceSettings & Record<string, unknown>>;

/** The flags of all services but those of their models. */
export function settingFlags(services: readonly ServiceDefinition[] = SERVICES) {
  const own: FlagSet = Object.assign({}, ...services.map(({ flags }) => flags));
  return { ...own, ...tuningFlags, set: setFlag() };
}

/** `--model-NAME` for each service with an engine; a place that gets one service offers `--model` instead. */
export function modelFlags(services: readonly ServiceDefinition[] = SERVICES): FlagSet {
  return Object.fromEntries(
    services.flatMap(({ name, model }) => {
      const description = `${name.toUpperCase()}'s model [default: ${model}]`;
      const env = variable('model', name);
      return model === undefined ? [] : [[`model-${name}`, modelFlag({ description, env })]];
    }),
  );
}

/** The flags that mean one service; a setting that several have means each of them. */
function flagsMeaning({ name, flags, needs }: ServiceDefinition): string[] {
  return [`model-${name}`, ...Object.keys(flags), ...needs.map((need) => `${need}-url`)];
}

/**
 * @param services all that there are
 * @throws RemedyError (exit 2) for a flag that was typed and means only services that are not deployed
 */
export function refuseForeignFlags(
  deployed: readonly ServiceDefinition[],
  services: readonly ServiceDefinition[],
  isTyped: (flag: string) => boolean,
): void {
  const own = new Set(deployed.flatMap(flagsMeaning));
  for (const service of services) {
    const foreign = flagsMeaning(service).find((flag) => !own.has(flag) && isTyped(flag));
    if (foreign === undefined) continue;
    const titles = deployed.map(({ title }) => title).join(', ');
    throw remedy.usage('usage', `--${foreign} is for ${service.title}, and this deploys ${titles}`, [
      `leave it out, or deploy what it is for: --service ${service.name}`,
    ]);
  }
}

/** `tinyllama for A, phi3:mini for B`, for the help. */
export function modelsText(services: readonly ServiceDefinition[] = SERVICES): string {
  const each = services.flatMap(({ name, model }) =>
    model === undefined ? [] : [`${model} for ${name.toUpperCase()}`],
  );
  return each.join(', ');
}

/** A server of the open API has whatever models it has: there no name is the default, and every one may be right. */
function modelOf({ name, model }: ServiceDefinition, flags: FlagValues): string | undefined {
  const flag = flags.model === undefined ? `model-${name}` : 'model';
  const named = flags[flag] as string | undefined;
  if (flags.engine === 'openai') return named;
  return named === undefined ? model : checkModelName(named, { name: flag });
}

/**
 * What the flags ask of the services that are deployed.
 *
 * @throws RemedyError (exit 2) for tuning of a service that is not among them, where they are one
 */
export function askServices(services: readonly ServiceDefinition[], flags: FlagValues): AskedServices {
  const [only] = services;
  if (only !== undefined && services.length === 1) refuseForeignTuning(flags, only.name);
  return Object.fromEntries(
    services.map((service) => {
      const model = modelOf(service, flags);
      const tuning = tuningOf(flags, service.name);
      const asked = { model, tuning, ...service.ask(flags), ...settingsGiven(flags.set, service.name) };
      return [service.name, Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))];
    }),
  );
}
