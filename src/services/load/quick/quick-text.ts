import { display, rateText, timeText } from '../../results/text.ts';
import type { Experience, Findings } from './findings.ts';
import type { Refusal } from './quick-plan.ts';
import type { QuickRuns } from './run-quick.ts';

/** What a quick look has found, in plain words; the commands at the end can be pasted. */
export function quickText(runs: QuickRuns, findings: Findings, reports: readonly string[]): string {
  const { alone, full, failures, unknown, next } = findings;
  const model = runs.model === undefined ? '' : `, model ${display(runs.model)}`;
  const blocks = [
    [`${display(runs.targetUrl)} (${runs.api}${model})`],
    [
      ...(alone === undefined ? ['No request alone succeeded.'] : [`One request alone: ${experience(alone)}.`]),
      ...togetherLines(alone, full, findings),
      ...kneeLines(findings),
    ],
    titled('Failed', failures.map(display)),
    titled('Not found out in a minute', unknown),
    ['Next:', ...next.map((command) => `  ${command}`)],
    reports.map((path) => `report    ${display(path)}`),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

/** `first token after 210 ms, then 42 tokens/s, whole answer in 1.7 s`. */
function experience({ ttftMs, responseMs, tokensPerSecondPerUser: speed }: Experience): string {
  return [
    ...(ttftMs === undefined ? [] : [`first token after ${timeText(ttftMs)}`]),
    ...(speed === undefined ? [] : [`then ${rateText(speed)} tokens/s`]),
    ...(responseMs === undefined ? [] : [`whole answer in ${timeText(responseMs)}`]),
  ].join(', ');
}

function togetherLines(alone: Experience | undefined, full: Experience | undefined, found: Findings): string[] {
  if (full === undefined)
    return [
      alone === undefined
        ? 'Nothing succeeded: it can do nothing for now.'
        : 'This machine was too busy with other things to judge more.',
    ];
  const { isSaturated, parallel, refused } = found;
  const tokens = full.tokensPerSecond === undefined ? '' : ` (${rateText(full.tokensPerSecond)} tokens/s)`;
  const most = `${rateText(full.rps)} answers/s${tokens}`;
  const crowd =
    full.concurrent === 1 || alone === undefined ? [] : [`With ${full.concurrent} at once: ${experience(full)}.`];
  if (refused !== undefined) return [`At most ${most}. ${refusedText(refused)}.`, ...crowd];
  if (full.concurrent === 1 && !isSaturated) return [`One after another: ${most}.`];
  if (!isSaturated) return [`At ${full.concurrent} at once: ${most}, and more may bring more: ${experience(full)}.`];
  const limit =
    parallel === 1
      ? 'It works on one request at a time: more at once only wait for each other'
      : `It works on about ${parallel} requests at a time: more at once only wait longer`;
  return [`At most ${most}. ${limit}.`, ...crowd];
}

/** A status is an answer; anything else is none. */
function refusedText({ concurrent, failed, sent, why }: Refusal): string {
  const are = /^[45]\d\d$/.test(why) ? 'are refused' : 'fail';
  return `More at once ${are} (${display(why)}): ${failed} of ${sent} at ${concurrent} at once`;
}

function kneeLines({ knee }: Findings): string[] {
  if (knee === undefined) return [];
  const { rps, below, unmeasured = [] } = knee;
  const bound = below === undefined ? [] : [`${below} requests/s was not sustained`];
  if (unmeasured.length > 0) {
    const rates = `${unmeasured.join(', ')} requests/s could not be measured`;
    return [`Knee: it sustains at least ${rps} requests/s; ${[rates, ...bound].join(', and ')}.`];
  }
  return [`Knee: it sustains ${rps} requests/s; ${bound[0] ?? 'the search ended before the target did'}.`];
}
