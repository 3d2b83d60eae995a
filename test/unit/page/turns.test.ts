import { describe, expect, it } from 'vitest';
import { asJson, asMarkdown, figuresOf, merged, messagesFor, type Turn } from '../../../templates/page/turns.ts';

const turn = (id: string, more: Partial<Turn> = {}): Turn => ({
  ...{ id, question: `question ${id}`, answer: `answer ${id}`, state: 'complete', model: 'chain', error: null },
  ...{ chainctl: null, createdAt: '2026-01-01T00:00:00.000Z' },
  ...more,
});

describe('what a model is told', () => {
  it('is every question that got an answer or a part of one, and the new question', () => {
    const turns = [
      turn('1'),
      turn('2', { answer: '', state: 'failed', error: 'gone' }),
      turn('3', { answer: 'Half', state: 'stopped' }),
      turn('4', { answer: '', state: 'pending' }),
    ];
    expect(messagesFor(turns, 'and now?').map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'user: question 1',
      'assistant: answer 1',
      'user: question 3',
      'assistant: Half',
      'user: and now?',
    ]);
  });
});

describe('turns of this tab and of the server', () => {
  it('stand in the order of the server, and what it has not heard of comes last', () => {
    const mine = [turn('a', { position: 1 }), turn('b'), turn('c', { position: 4 })];
    const kept = [turn('x', { position: 2 }), turn('y', { position: 3 })];
    expect(merged(mine, kept).map(({ id }) => id)).toEqual(['a', 'x', 'y', 'c', 'b']);
  });

  it('keep what is being said here, and what is longer here', () => {
    const mine = [turn('a', { answer: 'so far', state: 'pending' }), turn('b', { answer: 'longer', state: 'stopped' })];
    const kept = [
      turn('a', { position: 1, answer: '', state: 'pending' }),
      turn('b', { position: 2, answer: 'long', state: 'stopped' }),
    ];
    expect(merged(mine, kept, 'a')).toMatchObject([
      { id: 'a', position: 1, answer: 'so far' },
      { id: 'b', position: 2, answer: 'longer' },
    ]);
    expect(merged(mine, [turn('a', { position: 1, answer: 'all of it' })])).toMatchObject([
      { id: 'a', answer: 'all of it', state: 'complete' },
      { id: 'b' },
    ]);
  });
});

describe('the figures below an answer', () => {
  it('are the times of both hops, until the first word, and in all', () => {
    const chainctl = {
      first_token_seconds: 0.41,
      total_seconds: 12.34,
      steps: [
        { name: 'a', model: 'tinyllama', seconds: 0.4 },
        { name: 'b', model: 'phi3:mini', seconds: 11.9, output_tokens: 40 },
      ],
    };
    expect(figuresOf(turn('1', { chainctl }))).toEqual([
      ['a · tinyllama', '0.40 s'],
      ['b · phi3:mini', '11.9 s'],
      ['first word', '0.41 s'],
      ['in all', '12.3 s'],
      ['tokens', '40'],
    ]);
  });

  it('are those of the one model where there are no steps, and none where nothing is known', () => {
    const chainctl = { total_seconds: 1.5, usage: { completion_tokens: 12 } };
    expect(figuresOf(turn('1', { chainctl, model: 'tinyllama' }))).toEqual([
      ['model', 'tinyllama'],
      ['in all', '1.50 s'],
      ['tokens', '12'],
    ]);
    expect(figuresOf(turn('1'))).toEqual([]);
    // Whatever a service may send.
    const odd = { steps: [{ name: 'a', error: 'no' }, {}], first_token_seconds: null as never };
    expect(figuresOf(turn('1', { chainctl: odd }))).toEqual([
      ['a', 'skipped'],
      ['', '?'],
      ['in all', '?'],
    ]);
  });
});

describe('an exported conversation', () => {
  const now = new Date('2026-01-02T03:04:05Z');
  const turns = [
    turn('1', { question: 'Why?\nReally' }),
    turn('2', { answer: 'Half', state: 'failed', error: 'gone' }),
  ];

  it('has every message, how its answer ended, and when', () => {
    expect(JSON.parse(asJson('conversation-1', turns, now))).toMatchObject({
      id: 'conversation-1',
      title: 'Why?',
      exported_at: '2026-01-02T03:04:05.000Z',
      messages: [
        { role: 'user', content: 'Why?\nReally' },
        { role: 'assistant', content: 'answer 1', state: 'complete', model: 'chain' },
        { role: 'user', content: 'question 2' },
        { role: 'assistant', content: 'Half', state: 'failed', error: 'gone' },
      ],
    });
  });

  it('can be read as a text', () => {
    const text = asMarkdown(turns, now);
    expect(text).toMatch(/^# Why\?\n/);
    expect(text).toContain('## You\n\nquestion 2\n\n## chain\n\nHalf\n\n*gone*');
  });
});
