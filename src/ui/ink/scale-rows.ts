import { display } from '../../services/results/text.ts';
import type { ScaleSample } from '../../services/scaling/types.ts';
import type { GroupSample } from '../../services/stack/group.ts';
import {
  autoscalerText,
  clockText,
  hostsText,
  instanceColour,
  instanceTable,
  loadText,
  sizeText,
} from '../format/scale.ts';
import { errorText } from '../format/scale-changes.ts';
import { bar, formatElapsed, sparkline, truncate, truncateStart } from '../format/text.ts';
import { type Frame, labelled, titleRow } from './rows.ts';
import type { ActiveWatch } from './view-model.ts';

const LABEL = 11;
const BAR = 24;
/** A panel that is wider cannot be read across. */
const WIDEST = 110;
const MOST_ERRORS = 3;
/** A column with its gap is no wider: longer words are cut. */
const WIDEST_COLUMN = 13;

/** The live panel of a group. Never more than `room` rows: instances in the middle go first, and are counted. */
export function scaleRows({ plan, since, last, seen, history }: ActiveWatch, whole: Frame): string[] {
  const frame = { ...whole, width: Math.min(whole.width, WIDEST) };
  const spent = formatElapsed(frame.now - since);
  const time = plan.forSeconds === undefined ? spent : `${spent} of ${formatElapsed(plan.forSeconds * 1000)}`;
  const title = titleRow(frame, `${plan.group}${plan.until === undefined ? '' : ` · until ${plan.until}`}`, time);
  if (last === undefined) return [title];
  const row = labelled(frame, LABEL);
  const { group } = seen ?? last;
  const facts: readonly (readonly [label: string, text: string | undefined])[] = [
    ['size', seen === undefined ? 'not seen yet' : sizeText(group)],
    ['autoscaler', autoscalerText(group)],
    ['history', `${sparkline(history, 48)}  running, up to ${Math.max(0, ...history)}`],
    ['load', loadText(last)],
  ];
  const head = [title, ...facts.flatMap(([label, text]) => (text === undefined ? [] : row(label, display(text))))];
  const errors = group.errors.slice(-MOST_ERRORS).map((error, index) => {
    const at = error.at === undefined ? '' : `${clockText(error.at)} `;
    return row(index === 0 ? 'errors' : '', display(at + errorText(error)), 'red');
  });
  const problem = last.problem === undefined ? [] : [row('problem', display(last.problem), 'yellow')];
  const left = Math.max(0, frame.room - head.length - errors.length - problem.length);
  const most = Math.min(Math.max(1, Math.floor(left / 3)), 8);
  const hosts = plan.url === undefined ? [row('answering', 'not asked')] : hostRows(last, { ...frame, room: most });
  const instances = instanceRows(group, last.group.at, { ...frame, room: left - hosts.length });
  return [...head, ...instances, ...hosts, ...errors, ...problem].slice(0, Math.max(1, frame.room));
}

/** The group in the two rows that a sweep's panel has room for. */
export function scaleSummaryRows({ last, seen }: ActiveWatch, { width, paint }: Frame): string[] {
  const row = labelled({ width: Math.min(width, WIDEST), paint }, LABEL);
  const autoscaler = seen && autoscalerText(seen.group);
  const wanted = seen === undefined ? 'not seen yet' : sizeText(seen.group);
  return [
    row('group', display(autoscaler === undefined ? wanted : `${wanted} · autoscaler ${autoscaler}`)),
    last?.problem === undefined
      ? row('answering', last === undefined ? '-' : display(hostsText(last)))
      : row('problem', display(last.problem), 'yellow'),
  ];
}

function instanceRows(group: GroupSample, at: number, { room, width, paint }: Frame): string[] {
  if (room < 2) return [];
  const { instances } = group;
  const { heads, rows, widths } = instanceTable(instances, at);
  const columns = widths.map((longest) => Math.min(WIDEST_COLUMN, longest + 1));
  const nameWidth = Math.max(8, width - 2 - columns.reduce((sum, column) => sum + column, 0) - 1);
  const line = (name: string, words: readonly string[] = []) => {
    const cells = columns.map((column, index) => truncate(words[index] ?? '', column - 1).padEnd(column)).join('');
    return truncate(`  ${truncateStart(name, nameWidth).padEnd(nameWidth)} ${cells}`.trimEnd(), width);
  };
  const shown = instances.length <= room - 1 ? instances : instances.slice(0, Math.max(0, room - 2));
  const more = instances.length - shown.length;
  return [
    paint('dim', line('instance', heads)),
    ...shown.map((each, index) => paint(instanceColour(each, group), line(display(each.name), rows[index]))),
    ...(more === 0 ? [] : [paint('dim', `  and ${more} more instances`)]),
  ];
}

/** Shares of this poll's answers as bars. */
function hostRows({ hosts }: ScaleSample, frame: Frame): string[] {
  const row = labelled(frame, LABEL);
  const all = hosts.reduce((sum, { answers }) => sum + answers, 0);
  if (all === 0 || hosts.length > frame.room) return [row('answering', display(hostsText({ hosts })))];
  const name = Math.min(24, Math.max(...hosts.map(({ host }) => host.length)));
  const size = Math.max(4, Math.min(BAR, frame.width - LABEL - name - 12));
  return hosts.map(({ host, answers }, index) => {
    const share = `${((answers / all) * 100).toFixed(0)} %`.padStart(5);
    const text = `${truncateStart(display(host), name).padEnd(name)} ${bar(answers / all, size)} ${share}`;
    return row(index === 0 ? 'answering' : '', text);
  });
}
