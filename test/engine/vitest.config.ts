import { defineConfig } from 'vitest/config';

/** The chain on a real Ollama, by `npm run test:engine` only. One file after another: each needs the cores for its model. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/engine/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
