import { remedy } from '../../errors.ts';
import type { LogKind, LogLine, LogSelection } from './log-source.ts';
import type { StackPaths } from './paths.ts';
import type { Place } from './places.ts';
import type { Connection } from './provider.ts';
import type { ResourceContext } from './resource.ts';
import { stackOption } from './stack-option.ts';

const POLL_MS = 250;

/**
 * Opens the logs of a stack at every place that is recorded or costs nothing to look at.
 *
 * @throws RemedyError `no-logs` (exit 3) when there are none
 */
export async function openLogs(
  paths: StackPaths,
  places: readonly Place[],
  { service, kind }: { readonly service: LogSelection; readonly kind: LogKind },
  context: ResourceContext,
) {
  const open: Connection[] = [];
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  const find = async (selection: LogSelection) => {
    const found = await Promise.all(open.map((connection) => connection.logs?.(selection, kind, context)));
    return found.flatMap((sources) => sources ?? []);
  };
  try {
    for (const { provider, site } of places) {
      if (site.record !== undefined || !provider.billed) open.push(await provider.connect(site));
    }
    const sources = await find(service);
    /** Reads them on until the signal is aborted; new ones (a replica that is added) are picked up. */
    const follow = async (print: (line: LogLine) => void) => {
      const known = new Map(sources.map((each) => [each.source, each]));
      while (!context.signal.aborted) {
        for (const found of await find(service)) {
          const source = known.get(found.source) ?? found;
          known.set(source.source, source);
          for (const line of await source.read()) print(line);
        }
        await context.clock.sleep(POLL_MS, context.signal).catch(() => {});
      }
    };
    if (sources.length > 0) return { sources, follow, close };
    const what = `${kind === 'requests' ? 'request ' : ''}logs of ${service ?? 'any service'}`;
    const on = stackOption(paths.name);
    const others = service === undefined ? [] : (await find(undefined)).map(({ source }) => source);
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
