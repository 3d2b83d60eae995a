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

/** What each turn of a session took: later ones carry what was said before, which a cache of prompts has already read. */
export function turnSection(points: readonly PointSummary[]): Section {
  const rows = points.flatMap(({ rate, turns = [] }) => turns.map((each) => ({ rate: String(rate), ...each })));
  const time = timeColumn(rows.flatMap(({ response, ttft }) => [response?.p95, ttft?.p95]));
  const hasFirst = rows.some(({ ttft }) => ttft !== undefined);
  const hasTokens = rows.some(({ countedInput }) => countedInput !== undefined);
  return {
    title: `By turn of the session, ${time.unit}`,
    table: {
      head: [
        ...[unitOf(points[0] ?? {}), 'turn', 'sent', 'ok', ...(hasTokens ? ['prompt'] : [])],
        ...[...(hasFirst ? ['ttft p50', 'ttft p95'] : []), 'p50', 'p95'],
      ],
      rows: rows.map(({ rate, turn, to, sent, ok, ttft, response, countedInput }) => [
        ...[rate, to === undefined ? String(turn) : `${turn} to ${to}`, String(sent), String(ok)],
        ...(hasTokens ? [countedInput?.mean.toFixed(1) ?? '-'] : []),
        ...(hasFirst ? [time.text(ttft?.p50), time.text(ttft?.p95)] : []),
        ...[time.text(response?.p50), time.text(response?.p95)],
      ]),
    },
    lines: hasTokens ? ['prompt: tokens as the target counted them, mean.'] : [],
  };
}

function lengthsText(figures: LengthFigures | undefined): string {
  if (figures === undefined) return '-';
  const { mean, p50, p95 } = figures;
  return [mean, p50, p95].map((value) => (value >= 100 ? value.toFixed(0) : String(value))).join(' / ');
}
