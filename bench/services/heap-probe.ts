import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded before a program that is measured: tells its parent, whenever that asks, how many bytes its heap holds once all
// that nobody needs is gone.
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
process.on('message', () => {
  collect();
  collect();
  process.send?.(process.memoryUsage().heapUsed);
});
// To be asked keeps no program alive.
process.channel?.unref();
