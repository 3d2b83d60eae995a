import { type Axis, type Chart, columnsOf, type Datum, PALETTE, type Series } from './chart-types.ts';
import { type Frame, frameOf, panelsOf, type Size } from './frame.ts';
import { escapeHtml, px } from './markup.ts';
import type { Scale } from './scale.ts';

/**
 * One chart as SVG. Its places on the x axis stand in `data-xs`, in the drawing's own units, for the hover.
 * Colours come from the page's style sheet.
 */
export function drawChart(chart: Chart, size: Size): string {
  const whole = frameOf(chart, size);
  const panels = panelsOf(chart, whole);
  const id = `${chart.id}-${size.name}`;
  const xs = columnsOf(chart).map((x) => px(whole.x.at(x)));
  const inner = [
    ...bands(chart, whole),
    ...panels.flatMap(({ y, frame }, place) => axes(chart.x, y, frame, size, place === panels.length - 1)),
    `<text class="label" x="${px((whole.left + whole.right) / 2)}" y="${size.height - 8}" text-anchor="middle">${escapeHtml(chart.x.label)}</text>`,
    ...chart.series.map((series, index) =>
      drawSeries(series, index, (panels[series.lower ? 1 : 0] ?? { frame: whole }).frame),
    ),
    ...marks(chart, whole, panels.length > 1 ? (panels[0]?.frame.bottom ?? 0) + 15 : whole.bottom - 8),
    `<line class="cursor" x1="0" x2="0" y1="${whole.top}" y2="${whole.bottom}" visibility="hidden"/>`,
  ];
  return `<svg class="${size.name}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-t ${id}-d" data-xs="${xs.join(' ')}">
<title id="${id}-t">${escapeHtml(chart.title)}</title><desc id="${id}-d">${escapeHtml(chart.summary)}</desc>
${inner.join('\n')}
</svg>`;
}

function axes(across: Axis, up: Axis, frame: Frame, size: Size, lowest: boolean): string[] {
  const { left, right, top, bottom, x, y } = frame;
  const categories = across.scale === 'band';
  // A label is written where it does not touch the one before it.
  let free = Number.NEGATIVE_INFINITY;
  const labelled = x.ticks.filter((tick) => {
    const half = across.tick(tick).length * 3.6;
    if (x.at(tick) - half < free) return false;
    free = x.at(tick) + half + 8;
    return true;
  });
  return [
    ...y.ticks.map((tick) => {
      const at = px(y.at(tick));
      return `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 8}" y="${px(y.at(tick) + 4)}" text-anchor="end">${escapeHtml(up.tick(tick))}</text>`;
    }),
    ...(categories ? [] : x.ticks).map((tick) => {
      const at = px(x.at(tick));
      return `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/>`;
    }),
    ...(lowest ? labelled : []).map(
      (tick) =>
        `<text class="tick" x="${px(x.at(tick))}" y="${bottom + 17}" text-anchor="middle">${escapeHtml(across.tick(tick))}</text>`,
    ),
    `<path class="axis" d="M${left} ${px(top)}V${px(bottom)}H${right}"/>`,
    `<text class="label" x="${size.name === 'wide' ? left - 56 : 2}" y="${top > 40 ? px(top - 10) : 12}">${escapeHtml(up.label)}</text>`,
  ];
}

function bands({ bands: all = [] }: Chart, { x, top, bottom }: Frame): string[] {
  let free = Number.NEGATIVE_INFINITY;
  return all.map(({ from, to, label }, index) => {
    const [start, end] = [x.at(from), x.at(to)];
    const half = label.length * 3.4;
    const middle = (start + end) / 2;
    const fits = middle - half > free;
    if (fits) free = middle + half + 4;
    const text = fits
      ? `<text class="band-label" x="${px(middle)}" y="${top - 5}" text-anchor="middle">${escapeHtml(label)}</text>`
      : '';
    return `<rect class="band band-${index % 2}" x="${px(start)}" width="${px(Math.max(1, end - start))}" y="${top}" height="${bottom - top}"/>${text}`;
  });
}

/** @param lowest where the labels stand that touch no other one: above the axis, or between two panels */
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
      return `<line class="mark" x1="${px(at)}" x2="${px(at)}" y1="${top}" y2="${bottom}"/><text class="mark-label" x="${px(at + (nearEnd ? -5 : 5))}" y="${px(lowest - 15 * row)}" text-anchor="${nearEnd ? 'end' : 'start'}">${escapeHtml(label)}</text>`;
    }),
    ...flags.map(({ x: value, label }) => {
      const at = px(x.at(value) + 4);
      return `<text class="flag" x="${at}" y="${top + 4}" text-anchor="end" transform="rotate(-90 ${at} ${top + 4})">${escapeHtml(label)}</text>`;
    }),
  ];
}

function drawSeries(series: Series, index: number, frame: Frame): string {
  const inner =
    series.kind === 'bar' ? bars(series, frame) : series.kind === 'area' ? [area(series, frame)] : line(series, frame);
  const classes = `series c${series.color % PALETTE}${series.dashed ? ' dashed' : ''}${series.held ? ' held' : ''}`;
  return `<g class="${classes}" data-series="${index}">${inner.join('')}</g>`;
}

function line({ data, markers = false, color, held = false }: Series, { x, y }: Frame): string[] {
  const visible = data.filter((datum) => drawable(datum, y));
  const path = data.map((datum, at) => {
    if (!drawable(datum, y)) return '';
    const [before, after] = [data[at - 1], data[at + 1]];
    const start = before === undefined || !drawable(before, y);
    // With nothing on either side it is a dot: the line's round cap.
    const alone = start && (after === undefined || !drawable(after, y));
    const place = px(x.at(datum.x));
    const move = start ? `M${place} ` : held ? `H${place}V` : `L${place} `;
    // What is held is held to the end of what is known.
    const rest = held && after !== undefined && !drawable(after, y) ? `H${px(x.at(after.x))}` : '';
    return `${move}${px(y.at(datum.y))}${rest === '' && alone ? 'h0' : rest}`;
  });
  const whiskers = visible.flatMap(({ x: value, low, high }) => {
    if (low === undefined || high === undefined || !Number.isFinite(y.at(low))) return [];
    const [at, from, to] = [x.at(value), px(y.at(low)), px(y.at(high))];
    return [`M${px(at)} ${from}V${to}M${px(at - 3)} ${from}h6M${px(at - 3)} ${to}h6`];
  });
  const shapes = markers ? visible.map((datum) => marker(datum, color, x.at(datum.x), y.at(datum.y))) : [];
  return [
    `<path class="line" d="${path.join('')}"/>`,
    ...(whiskers.length === 0 ? [] : [`<path class="whisker" d="${whiskers.join('')}"/>`]),
    ...shapes,
  ];
}

/** A shape per colour, so that series can be told apart without colours. */
function marker({ hollow = false }: Datum, color: number, x: number, y: number): string {
  const name = hollow ? 'dot hollow' : 'dot';
  const shape = color % 4;
  if (shape === 0) return `<circle class="${name}" cx="${px(x)}" cy="${px(y)}" r="3.6"/>`;
  const paths = ['', 'm-3.3-3.3h6.6v6.6h-6.6z', 'm0-4.4l4.2 7.4h-8.4z', 'm0-4.6l4.4 4.6l-4.4 4.6l-4.4-4.6z'];
  return `<path class="${name}" d="M${px(x)} ${px(y)}${paths[shape]}"/>`;
}

function bars({ data }: Series, { x, y, band }: Frame): string[] {
  const width = Math.max(1, Math.min(46, band * 0.72));
  return data
    .filter(({ y: value, base = 0 }) => value > base)
    .map(({ x: place, y: value, base = 0, hollow }) => {
      const [top, bottom] = [y.at(value), y.at(base)];
      return `<rect class="bar${hollow ? ' hollow' : ''}" x="${px(x.at(place) - width / 2)}" width="${px(width)}" y="${px(top)}" height="${px(Math.max(0.5, bottom - top))}"/>`;
    });
}

/** Stacked pieces in steps, each stretch without a gap closed on its own. */
function area({ data, step = 1, held = false }: Series, { x, y }: Frame): string {
  const stretches: { datum: Datum; until: number }[][] = [[]];
  for (const [at, datum] of data.entries()) {
    const next = data[at + 1]?.x;
    const until = held ? (next ?? datum.x) : Math.min(datum.x + step, next ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(datum.y)) stretches.at(-1)?.push({ datum, until });
    else stretches.push([]);
  }
  const closed = stretches.flatMap((stretch) => {
    const ends = stretch.flatMap(({ datum, until }) => [
      [px(x.at(datum.x)), datum] as const,
      [px(x.at(until)), datum] as const,
    ]);
    if (ends.length === 0) return [];
    const upper = ends.map(([at, datum]) => `${at} ${px(y.at(datum.y))}`);
    const lower = ends.toReversed().map(([at, datum]) => `${at} ${px(y.at(datum.base ?? 0))}`);
    return [`M${[...upper, ...lower].join('L')}Z`];
  });
  return `<path class="area" d="${closed.join('')}"/>`;
}

function drawable({ y: value }: Datum, y: Scale): boolean {
  return Number.isFinite(value) && Number.isFinite(y.at(value));
}
