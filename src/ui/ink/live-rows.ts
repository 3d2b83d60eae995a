import { DOING } from '../format/step.ts';
import { bar, formatAmount, formatElapsed, formatEstimate, type Paint, truncate } from '../format/text.ts';
import { scaleRows, scaleSummaryRows } from './scale-rows.ts';
import { type Asked, sweepRows } from './sweep-rows.ts';
import { type ActiveProgress, type ActiveStep, etaOf, type ViewModel } from './view-model.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_MS = 250;
const BAR = 24;

export interface Frame {
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  /** Present while keys steer a sweep. */
  readonly asked?: Asked;
}

/**
 * What is going on, as rows that never wrap and never fill the screen: a redraw must be able to reach its first row.
 */
export function liveRows(view: ViewModel, frame: Frame, paint: Paint): string[] {
  const width = Math.max(20, frame.columns - 1);
  const spinner = paint('cyan', SPINNER[Math.floor(frame.now / SPINNER_MS) % SPINNER.length] as string);
  const others = [
    ...view.steps.map((step) => stepRow(step, spinner, frame.now, width, paint)),
    ...view.progress.map((progress) => progressRow(progress, frame.now, width)),
    ...checkRows(view, spinner, frame.now, width),
  ];
  const footer = phaseRow(view, spinner, others.length === 0, frame.now, width, paint);
  const room = Math.max(1, frame.rows - 3 - footer.length);
  if (view.sweep !== undefined) {
    const { asked } = frame;
    const beside = view.watch === undefined ? [] : scaleSummaryRows(view.watch, width, paint);
    const left = Math.max(1, room - others.length - beside.length);
    const sweepFrame = { spinner, width, room: left, ...(asked ? { asked } : {}) };
    return [...others, ...sweepRows(view.sweep, sweepFrame, paint), ...beside].slice(0, room);
  }
  if (view.watch !== undefined) {
    const watchFrame = { spinner, width, room: Math.max(1, room - others.length), now: frame.now };
    return [...others, ...scaleRows(view.watch, watchFrame, paint)].slice(0, room);
  }
  if (others.length <= room) return [...others, ...footer];
  const shown = others.slice(0, room - 1);
  return [...shown, paint('dim', `  and ${others.length - shown.length} more`), ...footer];
}

function stepRow(step: ActiveStep, spinner: string, now: number, width: number, paint: Paint): string {
  const spent = formatElapsed(now - step.since);
  const what = `${step.key}: ${DOING[step.action]}`;
  const why = step.reason ?? step.detail;
  const room = width - 2 - spent.length - 2;
  const head = truncate(what, room);
  const tail = why === undefined ? '' : truncate(` · ${why}`, room - head.length);
  return `${spinner} ${head}${paint('dim', tail)}  ${spent}`;
}

function progressRow(progress: ActiveProgress, now: number, width: number): string {
  const { label, done, total, unit } = progress;
  if (total <= 0) return truncate(`  ${label}: ${formatAmount(done, unit)}`, width);
  const eta = etaOf(progress, now);
  const share = `${Math.floor((done / total) * 100)} %`.padStart(5);
  const left = eta === undefined ? '' : `  ${formatEstimate(eta)} left`;
  const amounts = `${unit === 'bytes' ? formatAmount(done, unit) : done}/${formatAmount(total, unit)}`;
  const tail = `${bar(done / total, BAR)} ${share}  ${amounts}${left}`;
  const room = Math.max(8, width - tail.length - 3);
  return truncate(`  ${truncate(label, room)} ${tail}`, width);
}

function checkRows(view: ViewModel, spinner: string, now: number, width: number): string[] {
  if (view.check === undefined) return [];
  const { name, index, count, since } = view.check;
  const tail = `  ${formatElapsed(now - since)}`;
  return [
    `${spinner} ${truncate(`check ${index + 1} of ${count}: ${name}`, width - 2 - tail.length)}${tail}`,
    `  ${bar(index / count, BAR)} ${index}/${count}`,
  ];
}

/** The phase at the foot: how long it has run, and how long such a phase usually takes. */
function phaseRow(
  { phase, sweep, watch }: ViewModel,
  spinner: string,
  alone: boolean,
  now: number,
  width: number,
  paint: Paint,
): string[] {
  if (phase === undefined || sweep !== undefined || watch !== undefined) return [];
  const about = phase.estimateSeconds === undefined ? '' : ` of about ${formatEstimate(phase.estimateSeconds)}`;
  const text = truncate(`${phase.name} · ${formatElapsed(now - phase.since)}${about}`, width - 2);
  return [`${alone ? spinner : ' '} ${paint('dim', text)}`];
}
