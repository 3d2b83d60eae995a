import type { Event } from '../../events.ts';
import { verdictOf } from '../../services/results/verdict.ts';
import { checkLine } from './check.ts';
import { formatPlan, summarizePlan } from './plan.ts';
import { watchHeader } from './scale.ts';
import { stepDone, stepFailed } from './step.ts';
import { isGood, pointLine, pointRemarks, sweepHeader } from './sweep.ts';
import { formatEstimate, MARKS, type Paint } from './text.ts';

/** Something that is over and stays on the screen. */
export interface Entry {
  readonly mark: keyof typeof MARKS | 'heading';
  readonly text: string;
  /** Lines that belong below the text. */
  readonly details: readonly string[];
}

/** What an event leaves behind for good, if anything; both reporters for people use it. */
export function entryOf(event: Event, paint: Paint): Entry | undefined {
  const entry = (mark: Entry['mark'], text: string, details: readonly string[] = []) => ({ mark, text, details });
  switch (event.type) {
    case 'note':
      return event.level === 'warn' ? entry('warning', `warning: ${event.text}`) : entry('info', event.text);
    case 'phase': {
      const about = event.estimateSeconds === undefined ? '' : ` (about ${formatEstimate(event.estimateSeconds)})`;
      return entry('heading', `${event.name}${about}`);
    }
    case 'plan': {
      const where = event.target === undefined ? '' : ` for ${event.target}`;
      return entry('heading', `Plan${where}: ${summarizePlan(event.changes)}`, formatPlan(event.changes, paint));
    }
    case 'step-done':
      return entry('done', stepDone(event.key, event.action, event.seconds, event.detail));
    case 'step-failed':
      return entry('failed', stepFailed(event.key, event.action, event.reason));
    case 'check-done':
      return entry(event.result.status === 'passed' ? 'done' : event.result.status, checkLine(event.result));
    case 'sweep-started':
    case 'watch-started': {
      const [text = '', ...details] =
        event.type === 'sweep-started' ? sweepHeader(event.plan) : watchHeader(event.plan);
      return entry('heading', text, details);
    }
    case 'point-done': {
      const verdict = verdictOf(event.point);
      const doubt = verdict === 'skipped' || verdict === 'failed' ? verdict : 'warning';
      return entry(isGood(event.point) ? 'done' : doubt, pointLine(event.point), pointRemarks(event.point));
    }
    // Shown while it goes on, and nothing is left of it.
    case 'step-started':
    case 'step-waiting':
    case 'progress':
    case 'check-started':
    case 'sweep-tick':
    case 'sweep-waiting':
    case 'watch-ended':
    // What a poll changed needs what was known before.
    case 'scale-sample':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** An entry as rows, details indented: what stands in the margin, and the text, which may be wrapped beside it. */
export function entryRows({ mark, text, details }: Entry, paint: Paint) {
  const rows = details.map((detail) => ({ lead: '  ', text: detail }));
  if (mark === 'heading') return [{ lead: '', text: paint('bold', text) }, ...rows];
  return [{ lead: `${paint(MARKS[mark].colour, MARKS[mark].sign)} `, text }, ...rows];
}

/** A command at the end of a text, which is to be pasted. */
const COMMAND = /(?<=: )(?:chainctl|(?:\S*node )?\S*run\.js|npx chainctl) [^:;]*$/;

/** The width of what is written for people; without a terminal what `COLUMNS` says, else 80. */
export function columnsOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  asked = process.env.COLUMNS,
): number {
  return (stream.isTTY === true ? stream.columns : Number(asked)) || 80;
}

/** A row broken at spaces to fit `columns`, beside its lead; what stands in columns within a line stays so, and a command whole. */
export function besideLead(lead: string, text: string, columns: number): string[] {
  const room = Math.max(1, columns - lead.length);
  const lines: string[] = [];
  const command = text.length > room ? (COMMAND.exec(text)?.[0] ?? '') : '';
  let rest = text.slice(0, text.length - command.length).trimEnd();
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const end = space > 0 ? space : rest.indexOf(' ');
    if (end < 0) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  const [first = '', ...others] = [...lines, rest, ...(command === '' ? [] : [command])];
  return [lead + first, ...others.map((line) => ' '.repeat(lead.length) + line)];
}
