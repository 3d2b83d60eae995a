import { remedy } from '../../errors.ts';

/** One `--set`: a variable of one service, or of each that reads it. */
export interface GivenSetting {
  /** Absent for each service that reads it. */
  readonly service?: string;
  readonly name: string;
  readonly value: string;
}

/** A file in the place of a value: `HISTORY_URL=@FILE`. */
const FILE = /^@(.+)$/s;

/**
 * Reads `NAME=VALUE` or `a.NAME=VALUE`. Pure.
 *
 * @throws RemedyError (exit 2) without what may be a password
 */
export function parseSetting(text: string): GivenSetting {
  const [, service, name = '', value = ''] = /^(?:([a-z][a-z0-9]*)\.)?([A-Za-z][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === '') {
    const [shown = ''] = text.split('=', 1);
    throw usage(`--set: "${shown}" is no setting`, 'write NAME=VALUE, or a.NAME=VALUE for service A alone');
  }
  if (value.trim() === '') {
    throw usage(`--set ${name}: there is no value`, `write --set ${name}=VALUE; what is not set has its default`);
  }
  if (/\p{Cc}/u.test(value)) throw usage(`--set ${name}: the value has a control character`, 'write it in one line');
  return { ...(service === undefined ? {} : { service }), name, value };
}

/** The file that stands for a value, if one does. */
export function fileOf({ value }: GivenSetting): string | undefined {
  return FILE.exec(value)?.[1];
}

/** As it is typed, without its value. */
export function typedAs({ service, name }: GivenSetting): string {
  return `--set ${service === undefined ? '' : `${service}.`}${name}`;
}

/** The part of a service's settings that `--set` makes: what is settled of it. */
export function settingsGiven(given: unknown, service: string) {
  const own = [given ?? []].flat().filter((each): each is GivenSetting => (each as GivenSetting).service === service);
  const entries = (wanted: readonly GivenSetting[], of: (each: GivenSetting) => string) =>
    wanted.length === 0 ? undefined : Object.fromEntries(wanted.map((each) => [each.name, of(each)]));
  const isSecret = (each: GivenSetting) => fileOf(each) !== undefined;
  return {
    set: entries(
      own.filter((each) => !isSecret(each)),
      ({ value }) => value,
    ),
    secretFiles: entries(own.filter(isSecret), (each) => fileOf(each) as string),
  };
}

export function usage(fault: string, ...next: readonly string[]) {
  return remedy.usage('usage', fault, next);
}
