import { display } from '../../services/results/text.ts';
import type { ScaleSample } from '../../services/scaling/types.ts';
import type { GroupSample } from '../../services/stack/group.ts';
import {
  ageText,
  autoscalerText,
  clockText,
  detailNames,
  hostsText,
  instanceColour,
  instanceWords,
  loadText,
  sizeText,
} from '../format/scale.ts';
import { errorText } from '../format/scale-changes.ts';
import { bar, formatElapsed, type Paint, sparkline, truncate, truncateStart } from '../format/text.ts';
import type { ActiveWatch } from './view-model.ts';

export interface ScaleFrame {
  readonly spinner: string;
  readonly width: number;
  /** Rows that may be filled. */
  readonly room: number;
  /** Monotonic milliseconds. */
  readonly now: number;
}

const LABEL = 11;
const BAR = 24;
/** A panel that is wider cannot be read across. */
const WIDEST = 110;
const MOST_ERRORS = 3;
/** A column with its gap is no wider: longer words are cut. */
const WIDEST_COLUMN = 13;

/** The live panel of a group. Never more than `room` rows: instances in the middle go first, and are counted. */
export function scaleRows(watch: ActiveWatch, frame: ScaleFrame, paint: Paint): string[] {
  const width = Math.min(frame.width, WIDEST);
  const { sample, seen } = watch;
  const row = labelled(width, paint);
  if (sample === undefined) return [titleRow(watch, frame, width, paint)];
  const group = (seen ?? sample).group;
  const autoscaler = autoscalerText(group);
  const load = loadText(sample);
  const head = [
    titleRow(watch, frame, width, paint),
    row('size', seen === undefined ? 'not seen yet' : sizeText(group)),
    ...(autoscaler === undefined ? [] : [row('autoscaler', display(autoscaler))]),
    row('history', `${sparkline(watch.history, 48)}  running, up to ${Math.max(0, ...watch.history)}`),
    ...(load === undefined ? [] : [row('load', load)]),
  ];
  const errors = group.errors.slice(-MOST_ERRORS).map((error, index) => {
    const at = error.at === undefined ? '' : `${clockText(error.at)} `;
    return row(index === 0 ? 'errors' : '', display(at + errorText(error)), 'red');
  });
  const problem = sample.problem === undefined ? [] : [row('problem', display(sample.problem), 'yellow')];
  const left = Math.max(0, frame.room - head.length - errors.length - problem.length);
  const hosts =
    watch.plan.url === undefined
      ? [row('answering', 'not asked')]
      : hostRows(sample, Math.min(Math.max(1, Math.floor(left / 3)), 8), row, width);
  const instances = instanceRows(group, sample.group.at, left - hosts.length, width, paint);
  return [...head, ...instances, ...hosts, ...errors, ...problem].slice(0, Math.max(1, frame.room));
}

/** The group in the two rows that a sweep's panel has room for. */
export function scaleSummaryRows({ sample, seen }: ActiveWatch, width: number, paint: Paint): string[] {
  const row = labelled(Math.min(width, WIDEST), paint);
  const group = seen?.group;
  const autoscaler = group === undefined ? undefined : autoscalerText(group);
  const wanted = group === undefined ? 'not seen yet' : sizeText(group);
  const problem = sample?.problem === undefined ? undefined : display(sample.problem);
  return [
    row('group', [wanted, ...(autoscaler === undefined ? [] : [`autoscaler ${display(autoscaler)}`])].join(' · ')),
    problem === undefined
      ? row('answering', sample === undefined ? '-' : display(hostsText(sample)))
      : row('problem', problem, 'yellow'),
  ];
}

type Labelled = ReturnType<typeof labelled>;

function labelled(width: number, paint: Paint) {
  return (label: string, text: string, colour?: Parameters<Paint>[0]) => {
    const shown = truncate(text, width - LABEL - 2);
    return `  ${paint('dim', label.padEnd(LABEL))}${colour === undefined ? shown : paint(colour, shown)}`;
  };
}

function titleRow({ plan, since }: ActiveWatch, { spinner, now }: ScaleFrame, width: number, paint: Paint): string {
  const { group, until, forSeconds } = plan;
  const goal = until === undefined ? '' : ` · until ${until}`;
  const spent = formatElapsed(now - since);
  const time = forSeconds === undefined ? spent : `${spent} of ${formatElapsed(forSeconds * 1000)}`;
  const room = width - 2 - time.length - 1;
  const title = truncate(`${group}${goal}`, room);
  return `${spinner} ${paint('bold', title)}${' '.repeat(room - [...title].length)} ${time}`;
}

function instanceRows(group: GroupSample, at: number, room: number, width: number, paint: Paint): string[] {
  if (room < 2) return [];
  const { instances } = group;
  const details = detailNames(instances);
  const heads = ['stage', ...details, 'age'];
  const words = new Map(instances.map((each) => [each, [...instanceWords(each, details), ageText(each, at)]]));
  const columns = heads.map((head, index) => {
    const longest = Math.max(...[...words.values()].map((each) => each[index]?.length ?? 0), head.length);
    return Math.min(WIDEST_COLUMN, longest + 1);
  });
  const nameWidth = Math.max(8, width - 2 - columns.reduce((sum, column) => sum + column, 0) - 1);
  const line = (name: string, words: readonly string[]) => {
    const cells = words.map((word, index) => cell(word, columns[index] ?? 0)).join('');
    return truncate(`  ${truncateStart(name, nameWidth).padEnd(nameWidth)} ${cells}`.trimEnd(), width);
  };
  const shown = instances.length <= room - 1 ? instances : instances.slice(0, Math.max(0, room - 2));
  const more = instances.length - shown.length;
  return [
    paint('dim', line('instance', heads)),
    ...shown.map((each) => paint(instanceColour(each, group), line(display(each.name), words.get(each) ?? []))),
    ...(more === 0 ? [] : [paint('dim', `  and ${more} more instances`)]),
  ];
}

function cell(word: string, width: number): string {
  return truncate(word, width - 1).padEnd(width);
}

/** Shares of this poll's answers as bars. */
function hostRows({ hosts }: ScaleSample, room: number, row: Labelled, width: number): string[] {
  const all = hosts.reduce((sum, { answers }) => sum + answers, 0);
  if (all === 0) return [row('answering', 'no host')];
  if (hosts.length > room) return [row('answering', display(hostsText({ hosts })))];
  const name = Math.min(24, Math.max(...hosts.map(({ host }) => host.length)));
  const size = Math.max(4, Math.min(BAR, width - LABEL - name - 12));
  return hosts.map(({ host, answers }, index) => {
    const share = `${((answers / all) * 100).toFixed(0)} %`.padStart(5);
    const text = `${truncateStart(display(host), name).padEnd(name)} ${bar(answers / all, size)} ${share}`;
    return row(index === 0 ? 'answering' : '', text);
  });
}
