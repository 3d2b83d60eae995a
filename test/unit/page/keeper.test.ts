import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../templates/page/api.ts';
import { Keeper } from '../../../templates/page/keeper.ts';
import type { Turn } from '../../../templates/page/turns.ts';

const turn = (id: string, answer = ''): Turn => ({
  ...{ id, question: 'q', answer, state: answer === '' ? 'pending' : 'complete', model: null, error: null },
  ...{ chainctl: null, createdAt: '' },
});

describe('turns that wait to be kept', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp() {
    const written: string[] = [];
    const reasons: (string | undefined)[] = [];
    const deleted: string[] = [];
    let fault: Failure | undefined;
    const keeper: Keeper = new Keeper(
      {
        keep: async (conversation, { id, answer }) => {
          if (fault) throw fault;
          written.push(`${conversation} ${id} ${answer}`);
          return written.length;
        },
      },
      {
        refused: () => {},
        kept: () => {},
        deleted: (conversation) => void deleted.push(conversation),
        reason: (reason) => void reasons.push(reason),
        again: () => void keeper.work(),
      },
    );
    const fail = (why?: Failure) => {
      fault = why;
    };
    return { keeper, written, reasons, deleted, fail };
  }

  it('are written again, newest version only, when the database is back', async () => {
    const { keeper, written, reasons, fail } = setUp();
    fail(new Failure(503, 'history is not kept: database is locked', 'history_unavailable'));
    keeper.keep('one', turn('t1'));
    keeper.keep('one', turn('t1', 'answer'));
    keeper.keep('two', turn('t2', 'other'));
    await vi.advanceTimersByTimeAsync(12_000);
    expect([written, keeper.waiting, reasons.at(-1)]).toEqual([[], 2, 'database is locked']);
    fail();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(written).toEqual(['one t1 answer', 'two t2 other']);
    expect([keeper.waiting, reasons.at(-1)]).toEqual([0, undefined]);
  });

  it('are written once more where a newer version comes while the older one is being written', async () => {
    const { keeper, written } = setUp();
    keeper.keep('one', turn('t1'));
    keeper.keep('one', turn('t1', 'answer'));
    await vi.advanceTimersByTimeAsync(0);
    expect([written, keeper.waiting]).toEqual([['one t1 ', 'one t1 answer'], 0]);
  });

  it('are given up where the conversation was deleted, history is off, or they are refused', async () => {
    const { keeper, written, deleted, fail } = setUp();
    fail(new Failure(410, 'the conversation was deleted', 'conversation_deleted'));
    keeper.keep('one', turn('t1'));
    await vi.advanceTimersByTimeAsync(0);
    expect([keeper.waiting, deleted]).toEqual([0, ['one']]);
    fail(new Failure(413, 'body is larger than 1048576 bytes', 'request_too_large'));
    keeper.keep('two', turn('t2'));
    await vi.advanceTimersByTimeAsync(0);
    expect(keeper.waiting).toBe(0);
    fail(new Failure(404, 'history is not kept: it is turned off (HISTORY=off)', 'history_off'));
    keeper.keep('three', turn('t3'));
    await vi.advanceTimersByTimeAsync(0);
    expect([keeper.waiting, written]).toEqual([0, []]);
  });
});
