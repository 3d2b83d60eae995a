import { remedy } from '../../errors.ts';
import type { LogKind, LogSelection, LogSource } from './log-source.ts';
import type { StackPaths } from './paths.ts';
import type { Place } from './places.ts';
import type { Connection, LookContext } from './provider.ts';
import { stackOption } from './stack-option.ts';

/** Logs that were found, and that can be looked for again. */
export interface StackLogs {
  readonly sources: readonly LogSource[];
  /** Finds those that have come, too. */
  find(): Promise<readonly LogSource[]>;
  close(): Promise<void>;
}

/**
 * Opens the logs of a stack at every place that is recorded or costs nothing to look at.
 *
 * @throws RemedyError `no-logs` (exit 3) when there are none
 */
export async function openLogs(
  paths: StackPaths,
  places: readonly Place[],
  { service, kind }: { readonly service: LogSelection; readonly kind: LogKind },
  context: LookContext,
): Promise<StackLogs> {
  const open: Connection[] = [];
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  const findOf = async (selection: LogSelection) => {
    const found = await Promise.all(open.map((connection) => connection.logs?.(selection, kind, context)));
    return found.flatMap((sources) => sources ?? []);
  };
  const find = () => findOf(service);
  try {
    for (const { provider, site } of places) {
      if (site.record !== undefined || !provider.billed) open.push(await provider.connect(site));
    }
    const sources = await find();
    if (sources.length > 0) return { sources, find, close };
    const what = `${kind === 'requests' ? 'request ' : ''}logs of ${service ?? 'any service'}`;
    const on = stackOption(paths.name);
    const others = service === undefined ? [] : (await findOf(undefined)).map(({ source }) => source);
    const there = others.length === 0 ? '' : `; there are those of ${others.join(', ')}`;
    throw remedy.configuration('no-logs', `there are no ${what} in ${paths.logs}${there}`, [
      ...others.slice(0, 1).map((other) => `name one of them: chainctl logs ${other}${on}`),
      `see what is deployed, and where: chainctl status${on}`,
      `or deploy first: chainctl deploy local${on}`,
    ]);
  } catch (error) {
    await close();
    throw error;
  }
}
