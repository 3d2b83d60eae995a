import { expect, test } from 'vitest';
import { tableText } from '../../../src/services/results/plain-table.ts';

const host = 'b-with-a-name-that-somebody-made-longer-than-any-terminal.internal';

test('a long name takes several lines where there is no room beside it, and none of it is lost', () => {
  const table = {
    head: ['host', 'answers', 'share'],
    rows: [
      [host, '12', '60.0 %'],
      ['b-2', '8', '40.0 %'],
    ],
    words: ['host'],
  };
  expect(tableText(table, 40)).toMatchInlineSnapshot(`
    "host                      answers  share
    b-with-a-name-that-somebo      12 60.0 %
    dy-made-longer-than-any-t
    erminal.internal
    b-2                             8 40.0 %"
  `);
  expect(tableText(table, 100)).toContain(`${host}      12 60.0 %`);
});

test('words are broken between them, and a table of numbers stays as wide as it is', () => {
  const errors = {
    head: ['rps', 'errors'],
    rows: [['10', '503 x 12, timeout x 3, ECONNRESET x 2']],
    words: ['errors'],
  };
  expect(tableText(errors, 30)).toMatchInlineSnapshot(`
    "rps errors
     10 503 x 12, timeout x 3,
        ECONNRESET x 2"
  `);
  const numbers = { head: ['one', 'other'], rows: [['1234567890', '1234567890']] };
  expect(tableText(numbers, 10)).toBe(tableText(numbers));
});
