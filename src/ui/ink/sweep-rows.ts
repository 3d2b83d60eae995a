import { offeredText } from '../../services/load/offered.ts';
import { pointCount } from '../../services/load/profiles/profiles.ts';
import { leftText, PHASE_NAME } from '../format/sweep.ts';
import { truncate } from '../format/text.ts';
import { type Asked, type Frame, labelled, titleRow } from './rows.ts';
import { type Cell, figureCells, historyCell, hostCells, ladderCell, rateOf } from './sweep-cells.ts';
import type { ActiveSweep } from './view-model.ts';

type Row = Pick<Cell, 'text' | 'rank'>;

/** Columns of a label with its indent. */
const LABEL = 11;
const NARROW = 100;
/** From this width on, the hosts stand beside the figures. */
const WIDE = 124;
const LEFT = 78;
/** Hosts that one column may show before it becomes a list. */
const MOST_HOSTS = 20;
const blank = (): Row => ({ text: '', rank: 99 });

/**
 * The live panel of a sweep: where on the ladder, what is offered and what comes back. Never more than `room` rows:
 * what matters least goes first. Keeps its height from point to point, so that nothing jumps.
 */
export function sweepRows(sweep: ActiveSweep, whole: Frame): string[] {
  const { room, asked, paint } = whole;
  const wide = whole.width >= WIDE;
  const frame = { ...whole, width: Math.min(whole.width, wide ? 2 * LEFT : NARROW) };
  const { width } = frame;
  const painted = (columns: number) => {
    const row = labelled({ width: columns, paint }, LABEL - 2);
    return ({ label, text, colour }: Cell) => row(label, text, colour);
  };
  const full = (cell: Cell): Row => ({ text: painted(width)(cell), rank: cell.rank });
  /** Two columns, the left one `LEFT` wide. A row that only the right one has goes first where there is no room. */
  const beside = (left: readonly Cell[], right: readonly Cell[]): Row[] =>
    Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
      const [one, other] = [left[index], right[index]];
      const used = one === undefined ? 0 : LABEL + [...truncate(one.text, LEFT - LABEL)].length;
      const gap = ' '.repeat(LEFT - used);
      const text = `${one ? painted(LEFT)(one) : ''}${other ? gap + painted(width - LEFT)(other) : ''}`;
      return { text, rank: one?.rank ?? other?.rank ?? 0 };
    });

  const figures = figureCells(sweep, (wide ? LEFT : width) - LABEL);
  const title = { text: sweepTitle(sweep, frame), rank: 0 };
  const head: Row[] = [title, blank(), full(ladderCell(sweep, width - LABEL))];
  const history = full(historyCell(sweep, width - LABEL));
  const footer = asked && `  ${paint('dim', truncate(footerText(asked, width - 2), width - 2))}`;
  const foot: Row[] = footer === undefined ? [] : [blank(), { text: footer, rank: 4 }];
  // Blank rows go for hosts.
  const left = room - [...head, history, ...foot].filter(({ text }) => text !== '').length;
  const count = Math.min(MOST_HOSTS, wide ? left : left - figures.length);
  const hosts = hostCells(sweep, count, width - (wide ? LEFT : 0) - LABEL);
  const body = wide ? [...beside(figures, hosts), history] : [...figures.map(full), history, ...hosts.map(full)];
  return withinRoom([...head, ...body, ...foot], room);
}

function withinRoom(rows: readonly Row[], room: number): string[] {
  const kept = new Set(rows.toSorted((a, b) => a.rank - b.rank).slice(0, Math.max(1, room)));
  return rows.filter((row) => kept.has(row)).map(({ text }) => text);
}

function sweepTitle({ plan, current, tick, waiting }: ActiveSweep, frame: Frame): string {
  const { asked } = frame;
  const rate = tick?.rate ?? rateOf(plan, current);
  const place = `point ${current + 1} of ${pointCount(plan)}`;
  const between = waiting ? 'waiting for the target to calm down' : 'waiting to start';
  const idle = asked?.stopping ? 'stopping' : asked?.paused ? 'paused' : between;
  const doing = tick === undefined ? idle : PHASE_NAME[tick.phase];
  const title = [place, ...(rate === undefined ? [] : [offeredText(rate, plan)]), doing].join(' · ');
  return titleRow(frame, title, tick === undefined ? '' : leftText(tick));
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
