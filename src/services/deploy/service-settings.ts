import { resolve } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { RemedyError, reasonOf, remedy } from '../../errors.ts';
import { checkSecretFile } from '../files/secret-file.ts';
import type { Operator } from '../stack/operator.ts';
import type { Provider } from '../stack/provider.ts';
import { parseJson } from '../words.ts';
import { assignSettings, type Settable } from '../workloads/assign-settings.ts';
import { fileOf, type GivenSetting, typedAs, usage } from '../workloads/given-setting.ts';
import type { FlagValues, ServiceDefinition } from '../workloads/service-definition.ts';

type Programs = Pick<Operator, 'bundles' | 'node'>;

/** It reads an environment, and does nothing else. */
const REPORT_MS = 30_000;
const report = z.object({ reads: z.array(z.string()), fault: z.string().optional() });

/** Services of one place. */
interface Deployed {
  readonly provider: Pick<Provider, 'deployFlags'>;
  readonly services: readonly ServiceDefinition[];
}

/**
 * What `--set` asks of each service, held against its own program: which variables it reads, and whether it can use the
 * values.
 *
 * @returns each with its service, files as absolute paths
 * @throws RemedyError (exit 2) for what cannot be set, or not so; (exit 3) for a secret that others can read
 */
export async function settledSettings(
  { set }: FlagValues,
  deployed: readonly Deployed[],
  programs: Programs | undefined,
): Promise<readonly GivenSetting[]> {
  // A variable is one value, and no list.
  const given = [set ?? []].flat() as GivenSetting[];
  if (given.length === 0 || programs === undefined) return [];
  const asked = deployed.flatMap(({ provider: { deployFlags }, services }) =>
    services.map((definition) => ({ definition, flags: Object.keys(deployFlags) })),
  );
  const services = await Promise.all(
    asked.map(async (each): Promise<Settable> => {
      const { reads } = await ask(each.definition, {}, programs);
      return { ...each, reads };
    }),
  );
  const settled = assignSettings(given, services).map((each) => {
    const file = fileOf(each);
    return file === undefined ? each : { ...each, value: `@${resolve(file)}` };
  });
  for (const each of settled) await checkFile(each);
  for (const { definition } of asked) {
    const own = settled.filter(({ service }) => service === definition.name);
    if (own.length === 0) continue;
    const values = own.map((each) => [`${each.name}${fileOf(each) ? '_FILE' : ''}`, fileOf(each) ?? each.value]);
    const { fault } = await ask(definition, Object.fromEntries(values), programs);
    if (fault === undefined) continue;
    const culprit = own.find(({ name }) => fault.startsWith(name));
    const typed = culprit === undefined ? '--set' : typedAs(culprit);
    throw usage(`${typed}: ${definition.title} cannot use it: ${fault}`, 'see what it can be: docs/operating.md');
  }
  return settled;
}

async function checkFile(each: GivenSetting): Promise<void> {
  const path = fileOf(each);
  if (path === undefined) return;
  try {
    await checkSecretFile(path, `file of ${each.name}`);
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw usage(`${typedAs(each)}: ${path} cannot be read: ${reasonOf(error)}`, 'check the path behind the @');
  }
}

/** Asks the program of a service. Its environment is what it is given here, and nothing of the operator's. */
async function ask(
  { title, image }: ServiceDefinition,
  env: Readonly<Record<string, string>>,
  { node, bundles }: Programs,
): Promise<z.infer<typeof report>> {
  const bundle = resolve(bundles, image.bundle);
  const { stdout, failed, shortMessage } = await execa(node, [bundle, '--report-settings'], {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: REPORT_MS,
  });
  const said = report.safeParse(parseJson(stdout)).data;
  if (said !== undefined) return said;
  throw remedy.configuration(
    'not-built',
    `${bundle} does not say which settings ${title} reads${failed ? `: ${shortMessage}` : ''}`,
    ['in a checkout: npm run build', 'otherwise install chainctl again'],
  );
}
