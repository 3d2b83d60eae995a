import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Vitest begins with what took longest the last time, and on a new machine with the largest files. The kill matrices are
 * short files that run for minutes: one that is begun last keeps a core waiting, so they come first.
 */
class KillsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => (/kill[^/]*\.test\.ts$/.test(moduleId) ? 0 : 1);
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

/** Tests of the lab that boot machines, for which it needs root and a Docker of its own. */
const MACHINES = 'lab/test/machines/**/*.test.ts';

/**
 * Four projects. `npm test` runs `unit` (pure, in this process) and `integration` (servers and processes on loopback, the
 * built command as a person runs it, the report in a real Chromium, the APIs of the lab): neither needs root or Docker.
 * `npm run test:lab` runs `lab`: both clouds, machines, kill matrices, and
 * `npm run test:clients` `clients`: programs that nobody here wrote, of npm (in `npm test`, too) and of PyPI. No test needs the machine for itself.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    sequence: { sequencer: KillsFirst },
    // Until a condition holds, which on a busy machine is when a process has started.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.{ts,tsx}'], testTimeout: 60_000, maxWorkers: 2 },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/{integration,browser,e2e}/**/*.test.ts', 'lab/test/**/*.test.ts', 'test/clients/npm.test.ts'],
          exclude: [MACHINES],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // They wait more than they work.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts', MACHINES],
          testTimeout: 180_000,
          // The first lab on a machine builds its images.
          hookTimeout: 600_000,
          // Each has a lab of its own. A third one would only make the matrices slower: they need a core each.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
