import { formatStages, type Stage } from '../schedule/stages.ts';
import { formatLengths } from './lengths.ts';
import type { AskSettings, WorkloadSettings } from './settings.ts';

/**
 * What of a workload tells whether two runs asked for the same, one text or number a setting: files by their digests,
 * wherever they lay. How a target counts tokens is left out: it is the target's.
 */
export function comparableWorkload({ workload, stages }: Comparable): Readonly<Record<string, unknown>> {
  if (workload === undefined) return stages === undefined ? {} : { stages: formatStages(stages) };
  const { prompts, mix, trace } = workload;
  return {
    ...ofKind(workload),
    ...(stages === undefined ? {} : { stages: formatStages(stages) }),
    prompts,
    mix: mix?.map((each) => `${each.name}=${each.weight} ${JSON.stringify(ofKind(each))}`).join('; '),
    traceSha256: trace?.sha256,
    traceRequests: trace?.requests,
    traceSpeed: trace?.speed,
  };
}

interface Comparable {
  readonly workload?: WorkloadSettings;
  readonly stages?: readonly Stage[];
}

function ofKind({ inputTokens, maxTokens, dataset, datasetOrder, sharedPrefixTokens }: AskSettings) {
  return {
    inputTokens: inputTokens && formatLengths(inputTokens),
    maxTokens: maxTokens && formatLengths(maxTokens),
    datasetSha256: dataset?.sha256,
    datasetOrder: dataset && datasetOrder,
    ...(sharedPrefixTokens === undefined ? {} : { sharedPrefixTokens }),
  };
}
