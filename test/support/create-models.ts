import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RealEngine } from './real-engine.ts';

// Makes models in a store of Ollama's, for `.tools/engine.mjs`. Arguments: Ollama's program, the store's folder, and
// NAME=FILE for each model.

const [bin = '', models = '', ...wanted] = process.argv.slice(2);
const engine = await RealEngine.openStore({ bin, models });
try {
  for (const each of wanted) {
    const [name = '', file = ''] = each.split('=');
    const modelfile = join(models, '..', 'Modelfile');
    // One thread: two, the default here, wait for each other by spinning, and starve what runs beside them.
    await writeFile(modelfile, `FROM ${file}\nPARAMETER num_thread 1\n`);
    await promisify(execFile)(bin, ['create', name, '-f', modelfile], {
      env: { ...process.env, OLLAMA_HOST: engine.host },
    });
  }
} finally {
  await engine.close();
}
