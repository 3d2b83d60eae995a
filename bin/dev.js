#!/usr/bin/env node
// Builds, then runs: what the built command does is what a developer sees.
import { execFileSync } from 'node:child_process';

execFileSync(process.execPath, [new URL('../.tools/build.mjs', import.meta.url).pathname], { stdio: ['ignore', 2, 2] });
await import('./run.js');
