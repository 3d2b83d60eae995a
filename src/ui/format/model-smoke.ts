import { tableText } from '../../services/results/plain-table.ts';
import { display, wrap } from '../../services/results/text.ts';
import type { ModelRequest, ModelSmokeReport } from '../../services/smoke/model-smoke.ts';
import { type Paint, plain } from './text.ts';

const NUMBERS = ['first token s', 'total s', 'tokens', 'tokens/s'];

/** A smoke test of a model's server as a table for `width` columns: a row for each request, the means, and what failed. */
export function formatModelSmoke(report: ModelSmokeReport, width = 80, paint: Paint = plain): string {
  const { target, api, model, requests, checks, mean, passed, failed } = report;
  const what = `Smoke test of ${display(target)} (${api}${model === undefined ? '' : `, ${display(model)}`})`;
  const rows = requests.map((request, index) => [
    String(index + 1),
    request.status === 0 ? '-' : String(request.status),
    ...cells(request, 0),
    request.complete ? 'complete' : 'failed',
  ]);
  const means = mean === undefined || requests.length < 2 ? [] : [['mean', '', ...cells(mean, 1), '']];
  const table = { head: ['', 'status', ...NUMBERS, 'answer'], rows: [...rows, ...means], words: ['answer'] };
  const failures = checks.flatMap(({ status, actual, remedy }, index) => [
    ...(status === 'failed' ? wrap(`${index + 1}: ${display(actual)}`, width) : []),
    // To be pasted: nothing breaks it.
    ...(remedy === undefined ? [] : [`  -> ${display(remedy)}`]),
  ]);
  const estimated = requests.some((each) => each.tokensEstimated === true)
    ? ['tokens: events of the stream, since the target does not tell how many tokens there were.']
    : [];
  const tally = `${passed} complete, ${failed} failed`;
  const lines = [
    ...wrap(what, width).map((line) => paint('bold', line)),
    '',
    tableText(table, width),
    ...failures,
    ...estimated.flatMap((line) => wrap(line, width)),
    '',
    paint(failed > 0 ? 'red' : 'green', tally),
  ];
  return lines.join('\n');
}

function cells(of: Partial<ModelRequest>, digits: number): string[] {
  const { firstTokenSeconds, totalSeconds, tokens, tokensPerSecond } = of;
  const text = (value: number | undefined, decimals: number) => value?.toFixed(decimals) ?? '-';
  return [text(firstTokenSeconds, 3), text(totalSeconds, 3), text(tokens, digits), text(tokensPerSecond, 1)];
}
