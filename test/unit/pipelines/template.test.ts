import { describe, expect, it } from 'vitest';
import {
  parseTemplate,
  pathsOf,
  render,
  type TemplateData,
  TooLarge,
} from '../../../src/services/pipelines/template.ts';

const DATA: TemplateData = {
  input: { text: '😀 hello', messages: [{ role: 'user', content: 'hi' }], system: '' },
  steps: {
    a: { text: '{{ input.text }}', json: { items: [{ name: 'x' }, { name: 'y' }], none: null } },
    empty: {},
    list: { vectors: [1, 2, 3], text: '' },
  },
};

const rendered = (text: string) => render(parseTemplate(text), DATA);

describe('a template', () => {
  it.each([
    ['no template', 'no template'],
    ['say {{ input.text }}!', 'say 😀 hello!'],
    ['{{input.text}}{{input.text}}', '😀 hello😀 hello'],
    ['{{ input.text | first 1 }}', '😀'],
    ['{{ input.text | first 3 | last 2 }}', ' h'],
    ['{{ input.text | last 100 }}', '😀 hello'],
    ['{{ input.text | json }}', '"😀 hello"'],
    ['{{ steps.a.json.items.1.name }}', 'y'],
    ['{{ steps.list.vectors | join ", " }}', '1, 2, 3'],
    ['{{ steps.list.vectors | join " | " }}', '1 | 2 | 3'],
    [String.raw`{{ steps.list.vectors | join "\n" }}`, '1\n2\n3'],
    ['{{ steps.empty.text | or steps.list.text | or input.text }}', '😀 hello'],
    ['{{ steps.a.json.none | or input.text | first 1 }}', '😀'],
    ['of {{ steps.empty.text }} nothing', 'of  nothing'],
    ['as text: {{ steps.list.vectors }}', 'as text: [1,2,3]'],
    ['{ json: } }} and $', '{ json: } }} and $'],
  ])('%s', (text, expected) => {
    expect(rendered(text)).toBe(expected);
  });

  it('keeps the type of a value that is all of it', () => {
    expect(rendered('{{ input.messages }}')).toBe(DATA.input.messages);
    expect(rendered(' {{ steps.list.vectors }}\n')).toEqual([1, 2, 3]);
    expect(rendered('{{ steps.list.vectors | first 2 }}')).toEqual([1, 2]);
    expect(rendered('{{ steps.empty.text }}')).toBeUndefined();
  });

  it('never reads what it has filled in', () => {
    expect(rendered('<{{ steps.a.text }}>')).toBe('<{{ input.text }}>');
  });

  it('finds what an answer has, and nothing that every object has', () => {
    expect(rendered('{{ steps.a.json.constructor.name }}')).toBeUndefined();
    expect(rendered('{{ steps.a.json.__proto__ }}')).toBeUndefined();
    expect(rendered('{{ steps.toString.text }}')).toBeUndefined();
  });

  it('makes no more than anybody can carry', () => {
    const value = parseTemplate('{{ input.text }}'.repeat(20));
    const data = { ...DATA, input: { ...DATA.input, text: 'x'.repeat(1 << 20) } };
    expect(() => render(value, data)).toThrow(TooLarge);
  });

  it('names its paths, those after "or" as well', () => {
    expect(pathsOf(parseTemplate('{{ steps.a.text | or input.text }} {{ steps.b.json.x }}'))).toEqual([
      ['steps', 'a', 'text'],
      ['input', 'text'],
      ['steps', 'b', 'json', 'x'],
    ]);
  });
});
