import { describe, expect, it } from 'vitest';
import { blocksOf } from '../../../templates/page/blocks.ts';

const shape = (text: string) =>
  blocksOf(text).map(({ code, language, text: lines }) => [code ? `code ${language}` : 'text', lines]);

describe('the blocks of an answer', () => {
  it('are text and code, whose fence may still be open', () => {
    expect(shape('Look:\n\n```python\nprint(1)\n```\nDone.')).toEqual([
      ['text', 'Look:\n'],
      ['code python', 'print(1)'],
      ['text', 'Done.'],
    ]);
    expect(shape('```\n<script>alert(1)</script>')).toEqual([['code ', '<script>alert(1)</script>']]);
    expect(shape('~~~~sh\n~~~\n```\n~~~~')).toEqual([['code sh', '~~~\n```']]);
  });

  it('are found in a time that grows with the text alone', () => {
    const line = `~~~${' '.repeat(3_000_000)}\``;
    expect(shape(line)).toEqual([['text', line]]);
  });

  it('lose nothing but the fences', () => {
    for (const text of ['', '\n', 'a\n\n\nb', '``` not `a` fence', '1. one\n2. two', '<b>&amp;</b>']) {
      expect(
        blocksOf(text)
          .map((block) => block.text)
          .join('\n'),
      ).toBe(text);
    }
  });

  it('keep their place while more comes', () => {
    const whole = 'one\n```\ntwo\n```\nthree';
    const places = blocksOf(whole).map(({ line }) => line);
    for (let end = 1; end <= whole.length; end++) {
      const now = blocksOf(whole.slice(0, end)).map(({ line }) => line);
      expect(now.length <= places.length && now.every((line) => places.includes(line))).toBe(true);
    }
  });
});
