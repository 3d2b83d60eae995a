import { formatEstimate } from '../../../durations.ts';
import { display, rateText, timeText, wrap } from '../../results/text.ts';
import { shellWord } from '../../words.ts';
import { protocolNamed } from '../protocols/protocols.ts';
import type { Experience, Findings, NextCommand } from './found.ts';
import type { Refusal } from './quick-plan.ts';
import type { QuickRuns } from './run-quick.ts';

/** What a quick look has found, and where its pages are. */
interface Told {
  readonly runs: QuickRuns;
  readonly findings: Findings;
  readonly reports: readonly string[];
  /** What the target is, where it was not named. */
  readonly title?: string | undefined;
}

/** What a quick look has found, in plain words of at most `width` columns; the commands at the end can be pasted. */
export function quickText({ runs, findings, reports, title }: Told, width: number): string {
  const { alone, failures, unknown, next } = findings;
  const paragraph = (text: string) => wrap(text, width);
  const blocks = [
    paragraph(headOf(runs, title)),
    [
      ...paragraph(askedText(runs, findings)),
      ...(runs.status === 'interrupted' ? paragraph('It was stopped: what follows is of the part before that.') : []),
      ...problemsOf(runs).flatMap((problem) => paragraph(`It ended early: ${display(problem)}.`)),
    ],
    [
      alone === undefined ? 'No request alone succeeded.' : `One request alone: ${experience(alone)}.`,
      ...together(findings),
      ...kneeLines(findings),
    ].flatMap(paragraph),
    titled('Failed', failures.map(display), width),
    titled('Not found out', unknown, width),
    next.length === 0 ? [] : ['Next:', ...next.flatMap((each) => commandLines(each, width))],
    reports.map((path) => `Report: ${display(path)}`),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headOf({ targetUrl, api, model }: QuickRuns, title: string | undefined): string {
  const what = title === undefined ? '' : `${display(title)} at `;
  return `${what}${display(targetUrl)} (${api}${model === undefined ? '' : `, model ${display(model)}`})`;
}

/** `412 requests in 53 s: a prompt of 300 tokens each, no two alike, and a streamed answer of at most 64 tokens.` */
function askedText({ seconds, isStreamed, api, doubling }: QuickRuns, { requests, asked }: Findings): string {
  const { promptTokens, isEstimate, maxTokens } = asked;
  const [count, each] = requests === 1 ? ['One request', ''] : [`${requests} requests`, ' each, no two alike'];
  const prompt = `a prompt of ${isEstimate ? 'about ' : ''}${promptTokens} tokens${each}`;
  const isChain = protocolNamed(api).isChain;
  const own = isChain ? 'of the chain, as long as its steps make it' : 'as long as the server makes it';
  const answer = `${isStreamed ? 'a streamed answer' : 'an answer'} ${maxTokens === undefined ? own : `of at most ${maxTokens} tokens`}`;
  const simulated = doubling.plan.simulated ? ' The engine is simulated: what it takes is made up.' : '';
  return `${count} in ${formatEstimate(seconds)}: ${prompt}, and ${answer}.${simulated}`;
}

function problemsOf({ doubling, search, failure }: QuickRuns): string[] {
  return [doubling.problem, search?.problem, failure?.message].flatMap((problem) => problem ?? []);
}

function titled(title: string, lines: readonly string[], width: number): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.flatMap((line) => listed(line, width))];
}

function listed(line: string, width: number): string[] {
  return wrap(line, width - 4).map((part, index) => `${index === 0 ? '  ' : '    '}${part}`);
}

/** A clone's name of this program is longer than the one in the text. */
const NAME_ROOM = 8;

/** A command over several lines, with what a shell needs to take them for one. */
function commandLines({ why, words }: NextCommand, width: number): string[] {
  const lines: string[] = [];
  const parts = words.map(shellWord);
  // A flag stays with its value.
  for (let at = 0; at < parts.length; at++) {
    const [word = '', value] = parts.slice(at, at + 2);
    const isPair = word.startsWith('--') && value !== undefined && !value.startsWith('--');
    const part = isPair ? `${word} ${value}` : word;
    if (isPair) at++;
    const last = lines.at(-1);
    const indent = lines.length <= 1 ? 4 + NAME_ROOM : 6;
    if (last === undefined || indent + last.length + 1 + part.length + 2 > width) lines.push(part);
    else lines[lines.length - 1] = `${last} ${part}`;
  }
  const shown = lines.map(
    (line, index) => `${index === 0 ? '    ' : '      '}${line}${index < lines.length - 1 ? ' \\' : ''}`,
  );
  return [...listed(`${why}:`, width), ...shown];
}

/** `first token after 210 ms, then 42 tokens/s, whole answer in 1.7 s (64 tokens; medians of 12 answers)`. */
function experience(found: Experience): string {
  const { ttftMs, responseMs, tokensPerSecondPerUser: speed, answerTokens, answers, isEstimate, isLate } = found;
  const about = isEstimate ? 'about ' : '';
  const of = answers === 1 ? 'of a single answer' : `medians of ${answers} answers`;
  const notes = [
    ...(answerTokens === undefined ? [] : [`${about}${Math.round(answerTokens)} tokens`]),
    of,
    ...(isLate ? ['this machine was late, and its delay is in them'] : []),
  ];
  const parts = [
    ...(ttftMs === undefined ? [] : [`first token after ${timeText(ttftMs)}`]),
    ...(speed === undefined ? [] : [`then ${about}${rateText(speed)} tokens/s`]),
    ...(responseMs === undefined ? [] : [`whole answer in ${timeText(responseMs)}`]),
  ];
  return `${parts.join(', ')} (${notes.join('; ')})`;
}

function together(found: Findings): string[] {
  const { alone, full, most, machineLimit, isSaturated, refused } = found;
  const limit =
    machineLimit === undefined
      ? []
      : [
          `${machineLimit.concurrent === 1 ? 'Already for one request' : `From ${machineLimit.concurrent} at once on`} this machine is the limit: it sent or read too late to tell more of the server, which may be faster than it, or it was busy. ${rateText(machineLimit.rps)} answers/s came all the same.`,
        ];
  if (full === undefined || most === undefined) {
    if (machineLimit !== undefined) return limit;
    return [
      alone === undefined
        ? 'Nothing succeeded: it can do nothing for now.'
        : 'What several at once get was not found out.',
    ];
  }
  const made = `${rateText(most.rps)} answers/s${most.tokensPerSecond === undefined ? '' : ` (${rateText(most.tokensPerSecond)} tokens/s)`}`;
  const crowd =
    full.concurrent === 1 || alone === undefined
      ? []
      : [`With ${full.concurrent} at once each gets: ${experience(full)}.`];
  if (refused !== undefined) return [`It makes at most ${made}. ${refusedText(refused)}`, ...crowd];
  if (isSaturated) return [`It makes at most ${made}. ${crowdText(found, full)}`, ...crowd];
  if (machineLimit !== undefined) return [...crowd, ...limit];
  return [
    most.concurrent === 1
      ? `One after another: ${made}.`
      : `${most.concurrent} at once: ${made}, and more may bring more.`,
    ...crowd,
  ];
}

function crowdText({ crowd, parallel }: Findings, { concurrent }: Experience): string {
  if (crowd === 'wait') {
    return parallel === 1
      ? 'It works on one request at a time: more at once only wait for each other.'
      : `It works on about ${parallel} requests at a time: more at once only wait longer.`;
  }
  const more = concurrent === 1 ? 'More than one at once bring' : `More than about ${concurrent} at once bring`;
  const why = crowd === 'share' ? 'they share what there is, and each is slower' : 'each only takes longer';
  return `${more} no more: ${why}.`;
}

/** A status is an answer; anything else is none. */
function refusedText({ concurrent, failed, sent, why }: Refusal): string {
  return `More at once ${verb(why)} (${display(why)}): ${failed} of ${sent} at ${concurrent} at once.`;
}

function verb(why: string): string {
  return /^[45]\d\d$/.test(why) ? 'are refused' : 'fail';
}

function kneeLines({ knee }: Findings): string[] {
  if (knee === undefined) return [];
  const { rps, seconds = 0, below, refused, isTop, unmeasured = [] } = knee;
  const lost = unmeasured.length === 0 ? '' : `this machine could not measure ${unmeasured.join(', ')} requests/s`;
  const was = `it sustained ${rps} requests/s for ${formatEstimate(seconds)}`;
  if (below === undefined) {
    const above = lost === '' ? 'what was offered above that did not tell' : lost;
    const end = isTop ? 'that was the highest rate offered' : above;
    return [`Knee: ${rps} requests/s or more: ${was}; ${end}.`];
  }
  const why =
    refused === undefined
      ? 'requests piled up'
      : `${refused.failed} of ${refused.sent} requests ${/^[45]\d\d$/.test(refused.why) ? 'were refused' : 'failed'} (${display(refused.why)})`;
  const rest = lost === '' ? '' : `; ${lost}`;
  return rps === undefined
    ? [`Knee: below ${below} requests/s: at that rate ${why}${rest}.`]
    : [`Knee: between ${rps} and ${below} requests/s: ${was}; at ${below} requests/s ${why}${rest}.`];
}
