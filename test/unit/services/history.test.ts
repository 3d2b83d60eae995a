import { describe, expect, it } from 'vitest';
import { Env } from '../../../templates/services/common/env.ts';
import { AnswerReader } from '../../../templates/services/service-a/history/answer-reader.ts';
import { questionOf } from '../../../templates/services/service-a/history/question.ts';
import { validateTurn } from '../../../templates/services/service-a/history/routes.ts';
import { readHistorySettings } from '../../../templates/services/service-a/history/settings.ts';
import { titleOf } from '../../../templates/services/service-a/history/turn.ts';

describe('a turn that is to be kept', () => {
  it('has a question, and of the rest what is known', () => {
    expect(validateTurn({ question: 'Why?' })).toEqual({
      ...{ question: 'Why?', answer: '', state: 'pending', model: null, error: null, details: null },
    });
    const chainctl = { total_seconds: 1 };
    expect(
      validateTurn({ question: 'Why?', answer: 'So.', state: 'complete', model: 'chain', chainctl }),
    ).toMatchObject({
      answer: 'So.',
      details: '{"total_seconds":1}',
    });
  });

  it.each([
    [null, 'body must be an object'],
    [[], 'body must be an object'],
    [{}, 'question: must be a string with text'],
    [{ question: ' \n' }, 'question: must be a string with text'],
    [{ question: 'q', answer: 7 }, 'answer: must be a string'],
    [{ question: 'q', state: 'done' }, 'state: must be one of pending, complete, stopped, failed'],
    [{ question: 'q', state: ['pending'] }, 'state: must be one of pending, complete, stopped, failed'],
    [{ question: 'q', model: {} }, 'model: must be a string'],
    [{ question: 'q', model: 'm'.repeat(257) }, 'model: is longer than 256 characters'],
    [{ question: 'q', error: true }, 'error: must be a string'],
    [{ question: 'q', chainctl: 'x' }, 'chainctl: must be an object'],
    [{ question: 'q', chainctl: [null] }, 'chainctl: must be an object'],
    [{ question: 'q', chainctl: { x: 'y'.repeat(70_000) } }, 'chainctl: is larger than 64 KiB'],
  ])('is refused otherwise, with the field: %j', (body, message) => {
    expect(() => validateTurn(body)).toThrow(message);
  });

  it('keeps its details as they are, but for what a database cannot hold', () => {
    const chainctl = { text: '\\u0000 and \u0000', steps: [{ error: 'half \ud800' }] };
    const details = validateTurn({ question: 'q', chainctl }).details ?? '';
    expect(JSON.parse(details)).toEqual({ text: '\\u0000 and \ufffd', steps: [{ error: 'half \ufffd' }] });
    const reader = new AnswerReader();
    reader.push(Buffer.from(`data: ${JSON.stringify({ chainctl })}\n\n`));
    expect(reader.result.details).toBe(details);
  });

  it('gives its conversation a title of one line', () => {
    expect(titleOf('  \n How\u0007 are\tyou? \nFine')).toBe('How are you?');
    expect([...titleOf('🙂'.repeat(100))]).toHaveLength(80);
  });
});

describe('an answer that is looked at while it is sent', () => {
  const event = (fields: object) => `data: ${JSON.stringify(fields)}\n\n`;
  const content = (text: string) => event({ model: 'chain', choices: [{ index: 0, delta: { content: text } }] });
  const whole = `: ping\n\n${content('Grüß ')}${content('Gott 🙂')}${event({
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
    chainctl: { total_seconds: 1 },
  })}data: [DONE]\n\n`;

  it('is complete with its last event, however its bytes come', () => {
    const bytes = Buffer.from(whole);
    for (let size = 1; size < 40; size += 3) {
      const reader = new AnswerReader();
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      expect(reader.ended).toBe(true);
      expect(reader.result).toEqual({
        ...{ answer: 'Grüß Gott 🙂', state: 'complete', model: 'chain', error: null, details: '{"total_seconds":1}' },
      });
    }
  });

  it('is stopped where it breaks off, and failed where it says so', () => {
    const stopped = new AnswerReader();
    stopped.push(Buffer.from(whole.slice(0, whole.indexOf('data: {"choices"'))));
    expect([stopped.ended, stopped.result.state]).toEqual([false, 'stopped']);
    const failed = new AnswerReader();
    failed.push(Buffer.from(`${content('Half')}${event({ error: { message: 'engine\u0000\n gone' } })}`));
    expect(failed.result).toMatchObject({ answer: 'Half', state: 'failed', error: 'engine gone' });
  });

  it('has the times that its reader saw where it has no end', () => {
    let now = 1000;
    const reader = new AnswerReader(() => now);
    const step = (fields: object) => reader.push(Buffer.from(event({ choices: [], step: fields })));
    step({ name: 'a' });
    now += 400;
    step({ name: 'a', seconds: 0.4, output_tokens: 20 });
    step({ name: 'b' });
    now += 100;
    reader.push(Buffer.from(content('One, ')));
    now += 1000;
    reader.push(Buffer.from(content('two')));
    reader.simulated = true;
    expect(JSON.parse(reader.result.details ?? '')).toEqual({
      ...{ first_token_seconds: 0.5, output_pieces: 2, total_seconds: 1.5, simulated: true },
      steps: [{ name: 'a', seconds: 0.4, output_tokens: 20 }],
    });
  });

  it('may come in one piece', () => {
    const message = { role: 'assistant', content: 'Grüß Gott 🙂' };
    const body = { model: 'chain', choices: [{ index: 0, message, finish_reason: 'stop' }], chainctl: { host: 'b' } };
    const bytes = Buffer.from(JSON.stringify(body, null, 1));
    const reader = new AnswerReader();
    for (let at = 0; at < bytes.length; at += 7) reader.push(bytes.subarray(at, at + 7));
    expect([reader.begun, reader.ended]).toEqual([false, false]);
    reader.end();
    expect(reader.ended).toBe(true);
    expect(reader.result).toEqual({
      ...{ answer: 'Grüß Gott 🙂', state: 'complete', model: 'chain', error: null, details: '{"host":"b"}' },
    });
  });

  it('is as far as it could be read where an event is too long', () => {
    const reader = new AnswerReader();
    reader.push(Buffer.from(content('Half')));
    for (let at = 0; at < 3; at++) reader.push(Buffer.alloc(1 << 20, 'x'));
    reader.push(Buffer.from(content('more')));
    expect(reader.result).toMatchObject({ answer: 'Half', state: 'stopped' });
  });

  it('may be anything at all', () => {
    for (const data of [
      'null',
      '7',
      '{"choices":7}',
      '{"choices":[null]}',
      '{"error":null}',
      'x',
      '{"chainctl":"x"}',
    ]) {
      const reader = new AnswerReader();
      reader.push(Buffer.from(`data: ${data}\n\n`));
      expect(reader.result.answer).toBe('');
    }
  });
});

describe('the question of a chat', () => {
  it.each([
    [
      '{"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"x"},{"role":"user","content":"two"}]}',
      'two',
    ],
    [
      '{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"tool"}]}',
      'a\nb',
    ],
    ['{"messages":[{"role":"system","content":"x"}]}', ''],
    ['{"messages":[null,{"role":"user","content":[null,{"text":7}]}]}', ''],
    ['{"messages":"text"}', ''],
    ['null', ''],
    ['{', ''],
  ])('%s: %j', (body, question) => expect(questionOf(body)).toBe(question));
});

describe('where history is kept', () => {
  const read = (env: Record<string, string>, log?: string) => readHistorySettings(new Env(env), log);

  it('is beside the request log, or where the variables say', () => {
    expect(read({}).place).toEqual({ kind: 'sqlite', path: '/logs/history.db' });
    expect(read({}, '/var/log/a/requests.jsonl').place).toEqual({ kind: 'sqlite', path: '/var/log/a/history.db' });
    expect(read({ HISTORY_PATH: '/data/h.db' }).place).toEqual({ kind: 'sqlite', path: '/data/h.db' });
    expect(read({ HISTORY_URL: 'postgres://u:p@db/x' }).place).toEqual({
      kind: 'postgres',
      url: 'postgres://u:p@db/x',
    });
    expect(read({ HISTORY: 'off', HISTORY_URL: 'postgres://u:p@db/x' }).place).toBeUndefined();
  });

  it('is refused without showing a password', () => {
    for (const url of ['mysql://u:secret@db/x', 'u:secret@db', 'postgres://u:secret@db:99999/x']) {
      expect(() => read({ HISTORY_URL: url })).toThrow(/^HISTORY_URL: (?!.*secret)/);
    }
    expect(() => read({ HISTORY_URL_FILE: '/nowhere' })).toThrow(
      'HISTORY_URL_FILE: "/nowhere" cannot be read (ENOENT)',
    );
    expect(() => read({ HISTORY: 'maybe' })).toThrow('HISTORY: "maybe" is neither on nor off');
    expect(() => read({ HISTORY_MAX_MB: '0' })).toThrow('HISTORY_MAX_MB: "0" is below the minimum 1');
  });
});
