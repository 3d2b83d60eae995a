import { SERVICES } from './catalog.ts';
import type { Endpoints } from './service-definition.ts';

/** What else of deployed services a person opens, by what it is called: `chat page`, `OpenAI API`. Pure. */
export function entrancesOf(endpoints: Endpoints): Readonly<Record<string, string>> {
  const all = SERVICES.flatMap(({ name, entrances = {} }) => {
    const base = endpoints[name];
    return base === undefined ? [] : Object.entries(entrances).map(([what, path]) => [what, `${base}${path}`]);
  });
  return Object.fromEntries(all);
}
