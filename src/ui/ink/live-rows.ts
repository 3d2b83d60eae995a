import { stepDoing } from '../format/step.ts';
import { bar, formatAmount, formatElapsed, formatEstimate, type Paint, truncate } from '../format/text.ts';
import type { Asked, Frame } from './rows.ts';
import { scaleRows, scaleSummaryRows } from './scale-rows.ts';
import { sweepRows } from './sweep-rows.ts';
import { type ActiveProgress, type ActiveStep, etaOf, type ViewModel } from './view-model.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_MS = 250;
const BAR = 24;

interface Screen {
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly asked?: Asked | undefined;
}

/**
 * What is going on, as rows that never wrap and never fill the screen: a redraw must be able to reach its first row.
 */
export function liveRows(view: ViewModel, { now, columns, rows, asked }: Screen, paint: Paint): string[] {
  const { sweep, watch } = view;
  const spinner = paint('cyan', SPINNER[Math.floor(now / SPINNER_MS) % SPINNER.length] as string);
  const frame: Frame = { now, width: Math.max(20, columns - 1), room: rows - 3, spinner, paint, asked };
  const others = [
    ...view.steps.map((step) => stepRow(step, frame)),
    ...view.progress.map((progress) => progressRow(progress, frame)),
    ...checkRows(view, frame),
  ];
  const footer = sweep || watch ? [] : phaseRow(view, others.length === 0, frame);
  const room = Math.max(1, frame.room - footer.length);
  const left = (beside: readonly string[]) => ({ ...frame, room: Math.max(1, room - others.length - beside.length) });
  if (sweep !== undefined) {
    const beside = watch === undefined ? [] : scaleSummaryRows(watch, frame);
    return [...others, ...sweepRows(sweep, left(beside)), ...beside].slice(0, room);
  }
  if (watch !== undefined) return [...others, ...scaleRows(watch, left([]))].slice(0, room);
  if (others.length <= room) return [...others, ...footer];
  const shown = others.slice(0, room - 1);
  return [...shown, paint('dim', `  and ${others.length - shown.length} more`), ...footer];
}

function stepRow({ key, action, reason, detail, since }: ActiveStep, { now, width, spinner, paint }: Frame): string {
  const spent = formatElapsed(now - since);
  const why = reason ?? detail;
  const room = width - 2 - spent.length - 2;
  const head = truncate(stepDoing(key, action), room);
  const tail = why === undefined ? '' : truncate(` · ${why}`, room - head.length);
  return `${spinner} ${head}${paint('dim', tail)}  ${spent}`;
}

function progressRow(progress: ActiveProgress, { now, width }: Frame): string {
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

function checkRows({ check }: ViewModel, { now, width, spinner }: Frame): string[] {
  if (check === undefined) return [];
  const { name, index, count, since } = check;
  const tail = `  ${formatElapsed(now - since)}`;
  return [
    `${spinner} ${truncate(`check ${index + 1} of ${count}: ${name}`, width - 2 - tail.length)}${tail}`,
    `  ${bar(index / count, BAR)} ${index}/${count}`,
  ];
}

/** The phase at the foot: how long it has run, and how long such a phase usually takes. */
function phaseRow({ phase }: ViewModel, alone: boolean, { now, width, spinner, paint }: Frame): string[] {
  if (phase === undefined) return [];
  const about = phase.estimateSeconds === undefined ? '' : ` of about ${formatEstimate(phase.estimateSeconds)}`;
  const text = truncate(`${phase.name} · ${formatElapsed(now - phase.since)}${about}`, width - 2);
  return [`${alone ? spinner : ' '} ${paint('dim', text)}`];
}
