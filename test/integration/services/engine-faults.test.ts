import { describe, expect, test } from 'vitest';
import { ContextRule } from '../../../templates/services/common/engine/context.ts';
import type { Delta, Engine, EngineRun } from '../../../templates/services/common/engine/engine.ts';
import { readEngineSettings } from '../../../templates/services/common/engine/engine-settings.ts';
import { OllamaEngine } from '../../../templates/services/common/engine/ollama.ts';
import { OpenAiEngine } from '../../../templates/services/common/engine/openai.ts';
import { OwnModel } from '../../../templates/services/common/engine/own-model.ts';
import { Env } from '../../../templates/services/common/env.ts';
import { Problem } from '../../../templates/services/common/problem.ts';
import { RequestScope } from '../../../templates/services/common/request-scope.ts';
import { createLab, expectEngine, type Json, LONG_PROMPT, type Program, post } from './lab.ts';

const lab = createLab();

const GENERATE = { numPredict: 6, numCtx: 1024, temperature: 0.2 };

function open(kind: string, program: Program, timeoutSeconds = '5'): Engine {
  const env = { ENGINE: kind, ENGINE_URL: program.url, OLLAMA_TIMEOUT_SECONDS: timeoutSeconds };
  const own = { variable: 'OLLAMA_MODEL_A', fallback: 'tinyllama' };
  const settings = readEngineSettings(new Env(env), own, GENERATE);
  // Alone, without what loads a model: that would use up the faults.
  if (kind === 'openai') return new OpenAiEngine(settings, new OwnModel('tinyllama'), () => {});
  return new OllamaEngine(settings, new ContextRule('tinyllama', GENERATE.numCtx, settings.chatNumCtx));
}

/** What a route is asked, and whether it is asked for a stream. */
const ASKS: Readonly<Record<string, (engine: Engine, run: EngineRun) => Promise<unknown>>> = {
  generate: (engine, run) => engine.generate({ model: 'tinyllama', prompt: LONG_PROMPT, ...GENERATE }, run),
  chat: (engine, run) =>
    engine.chat(
      { model: 'tinyllama', messages: [{ role: 'user', content: LONG_PROMPT }], maxTokens: 6, sampling: {} },
      run,
    ),
  complete: (engine, run) =>
    engine.complete({ model: 'tinyllama', prompt: LONG_PROMPT, maxTokens: 6, sampling: {} }, run),
};

interface Outcome {
  readonly problem: Problem;
  /** Pieces that had come. */
  readonly pieces: number;
}

async function outcomeOf(ask: (typeof ASKS)[string], engine: Engine): Promise<Outcome> {
  const deltas: Delta[] = [];
  const run: EngineRun = {
    scope: new RequestScope(undefined, undefined),
    who: 'engine',
    sink: (some) => {
      deltas.push(...some);
      return undefined;
    },
  };
  const problem = await ask(engine, run).then(
    (answer) => expect.fail(`answered: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  expect(problem).toBeInstanceOf(Problem);
  return { problem: problem as Problem, pieces: deltas.length };
}

const SPOILT = '{"model": "x", \u001b[31m\u0007 resp';

/** An event of every route, whose text is a number. */
const NO_TEXT = '{"message":{"content":5},"response":5,"choices":[{"delta":{"content":5},"text":5}]}';

/** A fault, and the status and text of what becomes of it. */
const FAULTS: readonly [fault: Json, status: number, text: RegExp, pieces: number][] = [
  [{ mode: 'cut' }, 502, /^engine error: .*(closed|reset|broke|ECONNRESET|aborted)/i, 2],
  [{ mode: 'cut', after: 0 }, 502, /^engine error: /, 0],
  [{ mode: 'cut', after: 6 }, 502, /^engine error: /, 6],
  [{ mode: 'end-early' }, 502, /^engine error: ended its answer before the last event$/, 2],
  [{ mode: 'end-early', after: 0 }, 502, /^engine error: ended its answer before the last event$/, 0],
  [{ mode: 'end-early', after: 6 }, 502, /^engine error: ended its answer before the last event$/, 6],
  [{ mode: 'bad-line', line: SPOILT }, 502, /^engine error: sent something that is not JSON: [\x20-\x7e]*$/, 2],
  [{ mode: 'bad-line', line: '[1, 2]', after: 0 }, 502, /^engine error: sent .* that is no part of a /, 0],
  [{ mode: 'bad-line', line: '{"error":{"message":"no\\r\\nmore"}}' }, 502, /^engine error: no more$/, 2],
  [{ mode: 'bad-line', line: '{"error":"\\u001b[31mred"}' }, 502, /^engine error: [\x20-\x7e]*red$/, 2],
  [{ mode: 'bad-line', line: '{}' }, 502, /^engine error: sent .* that is no part of a /, 2],
  [{ mode: 'bad-line', line: NO_TEXT }, 502, /^engine error: sent a piece whose text is none$/, 2],
  [{ mode: 'bad-line', line: 'x'.repeat(2 << 20) }, 502, /^engine error: .{1,300}$/, 2],
  [{ mode: 'fail' }, 502, /^engine error: (an error was encountered|ended its answer)/, 2],
  [{ mode: 'error' }, 502, /^engine error: .*simulated failure/, 0],
  [{ mode: 'garbage' }, 502, /^engine error: /, 0],
  [{ mode: 'reset' }, 502, /^engine error: /, 0],
];

describe.each(['ollama', 'openai'])('an engine of kind %s', (kind) => {
  test('that breaks its stream fails with the reason, after what had come, and its slot is free', async () => {
    const program = await lab.engine();
    const engine = open(kind, program);
    for (const [fault, status, text, pieces] of FAULTS) {
      for (const [name, ask] of Object.entries(ASKS)) {
        const which = `${name}: ${JSON.stringify(fault).slice(0, 100)}`;
        await post(`${program.url}/sim/faults`, { ...fault, count: 1 });
        const outcome = await outcomeOf(ask, engine);
        expect.soft(outcome.problem, which).toMatchObject({ status, message: expect.stringMatching(text) });
        expect.soft(outcome.pieces, which).toBe(pieces);
      }
    }
    await expectEngine(program, { active: 0, queued: 0 });
    engine.close();
  });

  test('that breaks a whole answer fails with the reason', async () => {
    const program = await lab.engine();
    const engine = open(kind, program);
    for (const mode of ['cut', 'end-early', 'bad-line', 'fail', 'error', 'garbage', 'reset']) {
      await post(`${program.url}/sim/faults`, { mode, count: 1 });
      const run = { scope: new RequestScope(undefined, undefined), who: 'engine' };
      const asked = engine.generate({ model: 'tinyllama', prompt: LONG_PROMPT, ...GENERATE }, run);
      await expect
        .soft(asked, mode)
        .rejects.toMatchObject({ status: 502, message: expect.stringMatching(/^engine error: ./) });
    }
    expect((await engine.models()).map(({ id }) => id)).toHaveLength(2);
    engine.close();
  });

  test('that stalls is given up after its time, wherever it does', async () => {
    const program = await lab.engine();
    const engine = open(kind, program, '0.3');
    for (const after of [0, 2, 6]) {
      for (const [name, ask] of Object.entries(ASKS)) {
        await post(`${program.url}/sim/faults`, { mode: 'stall', after, count: 1 });
        const { problem, pieces } = await outcomeOf(ask, engine);
        expect.soft(problem, `${name} after ${after}`).toMatchObject({ status: 504 });
        expect.soft(pieces, name).toBe(after);
      }
    }
    await expectEngine(program, { active: 0, queued: 0 });
    engine.close();
  });
});
