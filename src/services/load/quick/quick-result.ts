import type { Findings } from './found.ts';
import type { QuickRuns } from './run-quick.ts';

/** What `--json` tells of a quick look: what was asked and found, and the points of both runs. */
export function quickResult(runs: QuickRuns, findings: Findings, reports: readonly string[]) {
  const { targetUrl, api, model, isStreamed, status, seconds, aloneSeconds, doubling, search } = runs;
  const { next, ...found } = findings;
  return {
    ...{ targetUrl, api, model, isStreamed, simulated: doubling.plan.simulated, status, seconds, aloneSeconds },
    ...found,
    next: next.map(({ why, command }) => ({ why, command })),
    points: [...doubling.points, ...(search?.points ?? [])],
    runFolders: [doubling, search].flatMap((run) => run?.runFolder ?? []),
    reports,
  };
}
