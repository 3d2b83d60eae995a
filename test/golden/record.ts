// Records how a real Ollama answers, for the test that holds the simulated engine against it:
//
//   OLLAMA_MAX_QUEUE=2 OLLAMA_HOST=127.0.0.1:21434 ollama serve
//   node test/golden/record.ts --url http://127.0.0.1:21434 --model gemma3:270m
//
// The server needs the model, one slot (its default) and a queue of 2. Shapes and facts are kept, no text of a model.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { OPENAI_REQUESTS } from './openai-requests.ts';
import { replay } from './replay.ts';
import { observe } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:11434' },
    model: { type: 'string', default: 'gemma3:270m' },
    /** The server's own may be a build without one. */
    version: { type: 'string', default: '0.17.4' },
  },
});

const folder = new URL(`./ollama-${values.version}/`, import.meta.url);
mkdirSync(folder, { recursive: true });
// One line for each, so that a difference is a line.
const write = (name: string, values: Readonly<Record<string, unknown>>) => {
  const lines = Object.entries(values).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  writeFileSync(new URL(name, folder), `{\n${lines.join(',\n')}\n}\n`);
};
write('answers.json', await replay(values.url, values.model));
write('openai.json', await replay(values.url, values.model, OPENAI_REQUESTS));
write('facts.json', await observe(values.url, values.model));
process.stdout.write(`recorded in ${folder.pathname}\n`);
