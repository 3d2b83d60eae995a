import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPENAI_REQUESTS } from '../../golden/openai-requests.ts';
import { replay } from '../../golden/replay.ts';
import { REQUESTS } from '../../golden/requests.ts';
import { observe } from '../../golden/scenarios.ts';
import { createLab } from './lab.ts';

const lab = createLab();

/** What a real Ollama answered; `test/golden/record.ts` says how it is recorded. */
const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../golden/ollama-0.17.4/${name}`, import.meta.url), 'utf8'));
const MODEL = 'gemma3:270m';

/** As in the recording: a queue of 2, and a registry that cannot be had. */
const ENGINE = { SIM_MODELS: MODEL, SIM_REGISTRY: 'other', SIM_LOAD_SECONDS: '0.2', OLLAMA_MAX_QUEUE: '2' };

test.each([
  ['its own routes', 'answers.json', REQUESTS],
  ["those of OpenAI's API, and where it embeds", 'openai.json', OPENAI_REQUESTS],
])('answers have the statuses, headers, and shapes of a real Ollama: %s', async (_, file, requests) => {
  const engine = await lab.engine({
    ...ENGINE,
    SIM_PROMPT_TOKENS_PER_SECOND: '10000',
    SIM_OUTPUT_TOKENS_PER_SECOND: '1000',
  });
  const recorded = golden(file);
  const answers = await replay(engine.url, MODEL, requests);
  expect(Object.keys(answers)).toEqual(Object.keys(recorded));
  for (const [name, answer] of Object.entries(answers)) {
    // As text: the order of keys counts, too. Different on purpose are only the field `simulated`, the header of that
    // name, and the version's text; none of them is part of a recorded answer.
    expect.soft(JSON.stringify(answer), name).toBe(JSON.stringify(recorded[name]));
  }
});

test('it queues, loads, caches, and stops as a real Ollama does', async () => {
  const engine = await lab.engine({
    ...ENGINE,
    SIM_PROMPT_TOKENS_PER_SECOND: '1000',
    SIM_OUTPUT_TOKENS_PER_SECOND: '60',
    SIM_LOAD_SECONDS: '0.5',
    // Who is sent first comes first, and what is to be long is.
    SIM_SPREAD: '0',
    SIM_ANSWER_TOKENS: '0',
  });
  expect(await observe(engine.url, MODEL)).toEqual(golden('facts.json'));
});
