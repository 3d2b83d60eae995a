import { pointCount } from '../../services/load/profiles/profiles.ts';
import { leftText, PHASE_NAME } from '../format/sweep.ts';
import { formatRate, type Paint, truncate } from '../format/text.ts';
import { type Cell, figureCells, historyCell, hostCells, ladderCell, rateOf } from './sweep-cells.ts';
import type { ActiveSweep } from './view-model.ts';

/** What the operator has asked for, where keys can be pressed at all. */
export interface Asked {
  readonly paused: boolean;
  readonly skipping: boolean;
  readonly stopping: boolean;
}

export interface SweepFrame {
  readonly spinner: string;
  /** Columns and rows that the panel may fill. */
  readonly width: number;
  readonly room: number;
  readonly asked?: Asked;
}

interface Row {
  readonly text: string;
  readonly rank: number;
}

const LABEL = 11;
const NARROW = 100;
/** From this width on, the hosts stand beside the figures. */
const WIDE = 124;
const LEFT = 78;
/** Hosts that one column may show before it becomes a list. */
const MOST_HOSTS = 20;
const BLANK: Row = { text: '', rank: 99 };

/**
 * The live panel of a sweep: where on the ladder, what is offered and what comes back. Never more than `room` rows:
 * what matters least goes first. Keeps its height from point to point, so that nothing jumps.
 */
export function sweepRows(sweep: ActiveSweep, frame: SweepFrame, paint: Paint): string[] {
  const { room, asked } = frame;
  const wide = frame.width >= WIDE;
  const width = Math.min(frame.width, wide ? 2 * LEFT : NARROW);
  const figures = figureCells(sweep, (wide ? LEFT : width) - LABEL);
  const full = (cell: Cell): Row => ({ text: paintCell(cell, width, paint), rank: cell.rank });
  const head: Row[] = [
    { text: titleRow(sweep, frame, width, paint), rank: 0 },
    BLANK,
    full(ladderCell(sweep, width - LABEL)),
  ];
  const history = full(historyCell(sweep, width - LABEL));
  const foot: Row[] = asked === undefined ? [] : [BLANK, { text: footerRow(asked, width, paint), rank: 4 }];
  // Blank rows go for hosts.
  const left = room - [...head, history, ...foot].filter((row) => row !== BLANK).length;
  if (wide) {
    const hosts = hostCells(sweep, Math.min(MOST_HOSTS, left), width - LEFT - LABEL);
    return withinRoom([...head, ...besideEachOther(figures, hosts, width, paint), history, ...foot], room);
  }
  const hosts = hostCells(sweep, Math.min(MOST_HOSTS, left - figures.length), width - LABEL);
  return withinRoom([...head, ...figures.map(full), history, ...hosts.map(full), ...foot], room);
}

/** Two columns, the left one `LEFT` wide. A row that only the right one has goes first where there is no room. */
function besideEachOther(left: readonly Cell[], right: readonly Cell[], width: number, paint: Paint): Row[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const [one, other] = [left[index], right[index]];
    const used = one === undefined ? 0 : LABEL + [...truncate(one.text, LEFT - LABEL)].length;
    const beside = other === undefined ? '' : ' '.repeat(LEFT - used) + paintCell(other, width - LEFT, paint);
    const text = (one === undefined ? '' : paintCell(one, LEFT, paint)) + beside;
    return { text, rank: one?.rank ?? other?.rank ?? 0 };
  });
}

function withinRoom(rows: readonly Row[], room: number): string[] {
  let kept = rows;
  while (kept.length > Math.max(1, room)) {
    const last = Math.max(...kept.map(({ rank }) => rank));
    const at = kept.findLastIndex(({ rank }) => rank === last);
    kept = kept.filter((_, index) => index !== at);
  }
  return kept.map(({ text }) => text);
}

function paintCell({ label, text, colour }: Cell, columns: number, paint: Paint): string {
  const shown = truncate(text, columns - LABEL);
  return `  ${paint('dim', label.padEnd(LABEL - 2))}${colour === undefined ? shown : paint(colour, shown)}`;
}

function titleRow(sweep: ActiveSweep, { spinner, asked }: SweepFrame, width: number, paint: Paint): string {
  const { plan, current, tick, waiting } = sweep;
  const rate = tick?.rate ?? rateOf(plan, current);
  const place = `point ${current + 1} of ${pointCount(plan)}`;
  const between = asked?.stopping
    ? 'stopping'
    : asked?.paused
      ? 'paused'
      : waiting
        ? 'waiting for the target to calm down'
        : 'waiting to start';
  const doing = tick === undefined ? between : PHASE_NAME[tick.phase];
  const title = [place, ...(rate === undefined ? [] : [`${formatRate(rate)} req/s`]), doing].join(' · ');
  const eta = tick === undefined ? '' : leftText(tick);
  const room = width - 2 - eta.length - 1;
  const shown = truncate(title, room);
  return `${spinner} ${paint('bold', shown)}${' '.repeat(room - [...shown].length)} ${eta}`.trimEnd();
}

function footerRow(asked: Asked, width: number, paint: Paint): string {
  return `  ${paint('dim', truncate(footerText(asked, width - 2), width - 2))}`;
}

function footerText({ paused, skipping, stopping }: Asked, room: number): string {
  if (stopping) return 'stopping: what was measured is kept';
  const long = [
    paused ? 'p go on (pauses after this point)' : 'p pause after this point',
    skipping ? 'skipping the rest of it' : 's skip the rest of it',
    'q stop and keep',
  ].join(' · ');
  if (long.length <= room) return long;
  return `p ${paused ? 'go on' : 'pause'} · ${skipping ? 'skipping' : 's skip'} · q stop`;
}
