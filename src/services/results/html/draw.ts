import { type Chart, columnsOf, type Datum, PALETTE, type Series } from './chart.ts';
import { type Frame, frameOf, type Panel, type Size } from './frame.ts';
import { escapeHtml, px } from './markup.ts';

/**
 * One chart as SVG. Its places on the x axis stand in `data-xs`, in the drawing's own units, for the hover.
 * Colours come from the page's style sheet.
 */
export function drawChart(chart: Chart, size: Size): string {
  const frame = frameOf(chart, size);
  const [upper, lower = upper] = frame.panels;
  const id = `${chart.id}-${size.name}`;
  const inner = [
    ...bands(chart, frame),
    ...frame.panels.flatMap((panel) => grid(chart, frame, panel, size)),
    ...tickLabels(chart, frame),
    words('label', (frame.left + frame.right) / 2, size.height - 8, 'middle', chart.x.label),
    ...chart.series.map((series, index) => drawSeries(series, index, frame, series.lower ? lower : upper)),
    // Labels of marks stand where they touch no other one: above the axis, or between two panels.
    ...marks(chart, frame, lower === upper ? frame.bottom - 8 : upper.bottom + 15),
    `<line class="cursor" x1="0" x2="0" y1="${frame.top}" y2="${frame.bottom}" visibility="hidden"/>`,
  ];
  const xs = columnsOf(chart).map(({ x }) => px(frame.x.at(x)));
  return `<svg class="${size.name}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-t ${id}-d" data-xs="${xs.join(' ')}">
<title id="${id}-t">${escapeHtml(chart.title)}</title><desc id="${id}-d">${escapeHtml(chart.summary)}</desc>
${inner.join('\n')}
</svg>`;
}

type Anchor = 'start' | 'middle' | 'end';

function words(name: string, x: number, y: number, anchor: Anchor, text: string, more = ''): string {
  return `<text class="${name}" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"${more}>${escapeHtml(text)}</text>`;
}

function grid(chart: Chart, { left, right, x }: Frame, { axis, top, bottom, y }: Panel, size: Size): string[] {
  const columns = chart.x.scale === 'band' ? [] : x.ticks.map((tick) => px(x.at(tick)));
  return [
    ...y.ticks.flatMap((tick) => {
      const at = px(y.at(tick));
      const line = `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>`;
      return [line, words('tick', left - 8, y.at(tick) + 4, 'end', axis.tick(tick))];
    }),
    ...columns.map((at) => `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/>`),
    `<path class="axis" d="M${left} ${px(top)}V${px(bottom)}H${right}"/>`,
    words('label', size.name === 'wide' ? left - 56 : 2, top > 40 ? top - 10 : 12, 'start', axis.label),
  ];
}

/** Tells whether a label of a line from `from` to `to` has room after those that had it before, and takes it. */
function roomAfter(gap: number): (from: number, to: number) => boolean {
  let free = Number.NEGATIVE_INFINITY;
  return (from, to) => {
    if (from < free) return false;
    free = to + gap;
    return true;
  };
}

function tickLabels({ x: axis }: Chart, { x, bottom }: Frame): string[] {
  const fits = roomAfter(8);
  return x.ticks.flatMap((tick) => {
    const text = axis.tick(tick);
    const half = text.length * 3.6;
    const at = x.at(tick);
    return fits(at - half, at + half) ? [words('tick', at, bottom + 17, 'middle', text)] : [];
  });
}

function bands({ bands: all = [] }: Chart, { x, top, bottom }: Frame): string[] {
  const fits = roomAfter(4);
  return all.map(({ from, to, label }, index) => {
    const [start, end] = [x.at(from), x.at(to)];
    const half = label.length * 3.4;
    const middle = (start + end) / 2;
    const text = fits(middle - half, middle + half) ? words('band-label', middle, top - 5, 'middle', label) : '';
    return `<rect class="band band-${index % 2}" x="${px(start)}" width="${px(Math.max(1, end - start))}" y="${top}" height="${bottom - top}"/>${text}`;
  });
}

/** @param lowest where the lowest labels stand */
function marks({ marks: lines = [], flags = [] }: Chart, { x, top, bottom, right }: Frame, lowest: number): string[] {
  // A label that would touch another one stands a line higher.
  const rows: number[] = [];
  return [
    ...lines.map(({ x: value, label }) => {
      const at = x.at(value);
      const width = label.length * 7;
      const nearEnd = at > right - width;
      const start = nearEnd ? at - width : at;
      const free = rows.findIndex((until) => until < start);
      const row = free === -1 ? rows.length : free;
      rows[row] = start + width;
      const text = words('mark-label', at + (nearEnd ? -5 : 5), lowest - 15 * row, nearEnd ? 'end' : 'start', label);
      return `<line class="mark" x1="${px(at)}" x2="${px(at)}" y1="${top}" y2="${bottom}"/>${text}`;
    }),
    ...flags.map(({ x: value, label }) => {
      const at = x.at(value) + 4;
      return words('flag', at, top + 4, 'end', label, ` transform="rotate(-90 ${px(at)} ${top + 4})"`);
    }),
  ];
}

function drawSeries(series: Series, index: number, frame: Frame, panel: Panel): string {
  const draw = { line, bar: bars, area }[series.kind];
  const classes = `series c${series.color % PALETTE}${series.dashed ? ' dashed' : ''}${series.held ? ' held' : ''}`;
  return `<g class="${classes}" data-series="${index}">${draw(series, frame, panel)}</g>`;
}

function line({ data, markers = false, color, held = false }: Series, { x }: Frame, { y }: Panel): string {
  // Nothing has a place at 0 on a logarithmic axis.
  const isDrawn = (datum: Datum | undefined) => datum !== undefined && Number.isFinite(y.at(datum.y));
  const path = data.map((datum, at) => {
    if (!isDrawn(datum)) return '';
    const [start, after] = [!isDrawn(data[at - 1]), data[at + 1]];
    const place = px(x.at(datum.x));
    const move = start ? `M${place} ` : held ? `H${place}V` : `L${place} `;
    // What is held is held to the end of what is known; a dot is the round cap of a line with nothing on either side.
    const end = held && after !== undefined ? `H${px(x.at(after.x))}` : start ? 'h0' : '';
    return `${move}${px(y.at(datum.y))}${isDrawn(after) ? '' : end}`;
  });
  const visible = data.filter(isDrawn);
  const whiskers = visible.flatMap(({ x: value, low, high }) => {
    if (low === undefined || high === undefined || !Number.isFinite(y.at(low))) return [];
    const [at, from, to] = [x.at(value), px(y.at(low)), px(y.at(high))];
    return [`M${px(at)} ${from}V${to}M${px(at - 3)} ${from}h6M${px(at - 3)} ${to}h6`];
  });
  return [
    `<path class="line" d="${path.join('')}"/>`,
    ...(whiskers.length === 0 ? [] : [`<path class="whisker" d="${whiskers.join('')}"/>`]),
    ...(markers ? visible.map((datum) => marker(datum, color, px(x.at(datum.x)), px(y.at(datum.y)))) : []),
  ].join('');
}

/** A shape per colour, so that series can be told apart without colours. */
function marker({ hollow = false }: Datum, color: number, x: string, y: string): string {
  const name = hollow ? 'dot hollow' : 'dot';
  const shape = ['', 'm-3.3-3.3h6.6v6.6h-6.6z', 'm0-4.4l4.2 7.4h-8.4z', 'm0-4.6l4.4 4.6l-4.4 4.6l-4.4-4.6z'][color % 4];
  if (shape === '') return `<circle class="${name}" cx="${x}" cy="${y}" r="3.6"/>`;
  return `<path class="${name}" d="M${x} ${y}${shape}"/>`;
}

function bars({ data }: Series, { x, band }: Frame, { y }: Panel): string {
  const width = Math.max(1, Math.min(46, band * 0.72));
  const visible = data.filter(({ y: value, base = 0 }) => value > base);
  const rects = visible.map(({ x: place, y: value, base = 0, hollow }) => {
    const [top, bottom] = [y.at(value), y.at(base)];
    return `<rect class="bar${hollow ? ' hollow' : ''}" x="${px(x.at(place) - width / 2)}" width="${px(width)}" y="${px(top)}" height="${px(Math.max(0.5, bottom - top))}"/>`;
  });
  return rects.join('');
}

/** Pieces in steps, each held until the next one, and no longer than a `step`; stretches without a gap are closed. */
function area({ data, step }: Series, { x }: Frame, { y }: Panel): string {
  const stretches: [upper: string[], lower: string[]][] = [[[], []]];
  for (const [at, { x: from, y: value, base = 0 }] of data.entries()) {
    const next = data[at + 1]?.x;
    const until = step === undefined ? (next ?? from) : Math.min(from + step, next ?? Number.POSITIVE_INFINITY);
    const [start, end, top, bottom] = [px(x.at(from)), px(x.at(until)), px(y.at(value)), px(y.at(base))];
    const [upper, lower] = stretches.at(-1) ?? [[], []];
    if (!Number.isFinite(value)) stretches.push([[], []]);
    else {
      upper.push(`${start} ${top}`, `${end} ${top}`);
      lower.unshift(`${end} ${bottom}`, `${start} ${bottom}`);
    }
  }
  const closed = stretches.flatMap(([upper, lower]) =>
    upper.length === 0 ? [] : `M${[...upper, ...lower].join('L')}Z`,
  );
  return `<path class="area" d="${closed.join('')}"/>`;
}
