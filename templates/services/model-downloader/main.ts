import { setTimeout as sleep } from 'node:timers/promises';
import { Env, EnvError } from '../common/env.ts';
import { ModelDisk } from './disk.ts';
import { ensureModel } from './download.ts';
import { Fatal, plain } from './faults.ts';
import { sendByNode } from './request.ts';
import { readSettings } from './settings.ts';

/** Runs once, and ends: 0 the model is there and right, 1 it is not, 2 a setting is wrong. */
const say = (line: string) => void process.stderr.write(`model-downloader: ${line}\n`);

try {
  const settings = readSettings(new Env(process.env));
  const done = await ensureModel(settings, {
    send: sendByNode,
    disk: new ModelDisk(settings.folder, settings.file),
    now: () => performance.now(),
    sleep: (ms) => sleep(ms),
    every(ms, look) {
      const timer = setInterval(look, ms);
      return () => clearInterval(timer);
    },
    say,
  });
  say(done);
} catch (error) {
  if (error instanceof EnvError || error instanceof Fatal) say(error.message);
  else say(`defect: ${error instanceof Error ? error.stack : plain(String(error))}`);
  process.exitCode = error instanceof EnvError ? 2 : error instanceof Fatal ? error.exitCode : 1;
}
