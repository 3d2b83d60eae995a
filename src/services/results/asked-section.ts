import { unitOf } from '../load/offered.ts';
import type { PointSummary } from '../load/types.ts';
import type { LengthFigures } from '../load/workload/figures.ts';
import type { Section } from './section.ts';
import { timeColumn } from './text.ts';

/** What was asked and what the target counted, and how each class of a mix came out; nothing where all asked the same. */
export function askedSections(points: readonly PointSummary[]): Section[] {
  const rows = points.flatMap(({ rate, asked = [] }) => asked.map((each) => ({ rate: String(rate), ...each })));
  const unit = unitOf(points[0] ?? {});
  const isMixed = rows.some(({ name }) => name !== undefined);
  const time = timeColumn(rows.flatMap(({ response, ttft }) => [response?.p95, ttft?.p95]));
  const named = ({ name = '' }: { readonly name?: string }) => (isMixed ? [name] : []);
  const hasFirst = rows.some(({ ttft }) => ttft !== undefined);
  return [
    {
      title: `Classes of the mix, ${time.unit}`,
      table: {
        head: [unit, 'class', 'sent', 'ok', 'p50', 'p95', ...(hasFirst ? ['ttft p50', 'ttft p95'] : [])],
        rows: (isMixed ? rows : []).map(({ rate, sent, ok, response, ttft, ...row }) => [
          ...[rate, ...named(row), String(sent), String(ok), time.text(response?.p50), time.text(response?.p95)],
          ...(hasFirst ? [time.text(ttft?.p50), time.text(ttft?.p95)] : []),
        ]),
        words: ['class'],
      },
    },
    {
      title: 'Tokens as asked, and as the target counted them: mean / p50 / p95',
      table: {
        head: [unit, ...(isMixed ? ['class'] : []), 'prompt asked', 'counted', 'answer at most', 'answer counted'],
        rows: rows.map(({ rate, input, countedInput, maxTokens, countedOutput, ...row }) => [
          ...[rate, ...named(row)],
          ...[input, countedInput, maxTokens, countedOutput].map(lengthsText),
        ]),
        words: ['class'],
      },
    },
  ];
}

function lengthsText(figures: LengthFigures | undefined): string {
  if (figures === undefined) return '-';
  const { mean, p50, p95 } = figures;
  return [mean, p50, p95].map((value) => (value >= 100 ? value.toFixed(0) : String(value))).join(' / ');
}
