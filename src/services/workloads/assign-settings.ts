import { nearest } from '../../config/nearest.ts';
import { fileOf, type GivenSetting, typedAs, usage } from './given-setting.ts';
import { flagsOfOwn } from './own-variables.ts';
import type { ServiceDefinition } from './service-definition.ts';

/** A service that is deployed, as far as `--set` goes. */
export interface Settable {
  readonly definition: Pick<ServiceDefinition, 'name' | 'title' | 'variables'>;
  /** The variables that its program reads. */
  readonly reads: readonly string[];
  /** Flags of this deploy. */
  readonly flags: readonly string[];
}

/**
 * Which service gets what. Pure.
 *
 * @returns each with its service; what stands for one service goes before what stands for all
 * @throws RemedyError (exit 2) for what no deployed service reads, what chainctl sets itself, what is given twice, and a
 *   secret among the words of a command
 */
export function assignSettings(given: readonly GivenSetting[], services: readonly Settable[]): GivenSetting[] {
  for (const each of given) {
    const meant = services.filter(({ definition }) => definition.name === (each.service ?? definition.name));
    if (meant.length === 0) throw notDeployed(each, services);
    refuseOwn(each, meant);
    if (!meant.some(({ reads }) => reads.includes(each.name))) throw unknown(each, meant, services);
    refuseSecret(each, meant);
  }
  return services.flatMap(({ definition: { name: service }, reads }) => {
    const mine = given.filter((each) => reads.includes(each.name) && (each.service ?? service) === service);
    return [...Map.groupBy(mine, ({ name }) => name).values()].map((all): GivenSetting => {
      const own = all.filter((each) => each.service !== undefined);
      const [one, another] = own.length > 0 ? own : all;
      const { name, value } = one as GivenSetting;
      if (another !== undefined) throw usage(`${typedAs(another)} is given twice`, 'leave one of them out');
      return { service, name, value };
    });
  });
}

function notDeployed(each: GivenSetting, services: readonly Settable[]) {
  const names = services.map(({ definition }) => definition.name);
  const titles = services.map(({ definition }) => definition.title).join(' and ');
  const meant = names.map((name) => `--set ${name}.${each.name}=...`).join(' or ');
  return usage(`${typedAs(each)}: this deploys ${titles}, and no service "${each.service}"`, `write ${meant}`);
}

/** What chainctl sets itself would be set twice, or not as the rest of the deploy takes it to be. */
function refuseOwn(each: GivenSetting, meant: readonly Settable[]): void {
  for (const { definition, flags } of meant) {
    const own = flagsOfOwn(definition, each.name);
    if (own === undefined) continue;
    const flag = own.find((name) => flags.includes(name));
    const step = flag === undefined ? 'leave it out' : `use --${flag}`;
    throw usage(`${typedAs(each)}: chainctl sets ${each.name} of ${definition.title} itself`, step);
  }
}

function unknown(each: GivenSetting, meant: readonly Settable[], services: readonly Settable[]) {
  const readers = services.filter(({ reads }) => reads.includes(each.name)).map(({ definition }) => definition);
  const titles = meant.map(({ definition }) => definition.title);
  const whoNot = titles.length > 1 ? `neither ${titles.join(' nor ')} reads` : `${titles.join()} does not read`;
  const fault = `${typedAs(each)}: ${whoNot} ${each.name}`;
  const [reader] = readers;
  if (reader !== undefined)
    return usage(`${fault}, but ${reader.title} does`, `write --set ${reader.name}.${each.name}=...`);
  const settable = meant.flatMap(({ definition, reads }) =>
    reads.filter((name) => flagsOfOwn(definition, name) === undefined && !isFileOfSecret(name, reads)),
  );
  const own = [...new Set(settable)];
  const better = nearest(each.name.toUpperCase(), own);
  const where = each.service === undefined ? '' : `${each.service}.`;
  return usage(
    fault,
    better === undefined ? `choose one of ${own.sort().join(', ')}` : `did you mean --set ${where}${better}=...?`,
  );
}

/** A program that reads `X_FILE` beside `X` says by that that X is a secret. */
const isSecret = (name: string, reads: readonly string[]) => reads.includes(`${name}_FILE`);
const isFileOfSecret = (name: string, reads: readonly string[]) =>
  name.endsWith('_FILE') && reads.includes(name.slice(0, -'_FILE'.length));

function refuseSecret(each: GivenSetting, meant: readonly Settable[]): void {
  const { name } = each;
  const typed = typedAs(each);
  const reads = meant.flatMap((service) => service.reads);
  if (isFileOfSecret(name, reads)) {
    const plain = typed.slice(0, -'_FILE'.length);
    throw usage(`${typed}: a deploy brings the file to the service itself`, `write ${plain}=@FILE`);
  }
  const file = fileOf(each);
  if (isSecret(name, reads) && file === undefined) {
    const fault = `${typed}: it may hold a password, and the words of a command can be read by others on this machine`;
    throw usage(fault, `write it into a file that only you can read (chmod 600), and name that: ${typed}=@FILE`);
  }
  if (!isSecret(name, reads) && file !== undefined) {
    throw usage(`${typed}: only secrets are taken from files`, `write the value itself: ${typed}=VALUE`);
  }
}
