import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Begins with what takes longest, since one that is begun last keeps a core waiting. The kill matrices come one after the
 * other, with what waits for machines beside them.
 */
const FIRST = [
  'stack/kill',
  'rehearse',
  'kill-all',
  'aws',
  'bake',
  'cloud-faults',
  'lab/kill',
  'vm-faults',
  'elastic',
  'all',
  'gcp/kill',
  'host',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = FIRST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place < 0 ? FIRST.length : place;
    };
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}

/** Tests that measure time to the millisecond: each has the machine to itself. */
const ALONE = ['test/integration/load/{clock,generators,steering,ticker}.test.ts', 'test/e2e/load.test.ts'];
/** Tests that go by the clock, and mostly wait for it: one core each. */
const BY_TWO = ['test/integration/{load,services,scaling}/**/*.test.ts', 'test/e2e/rehearse.test.ts'];

/**
 * Five kinds: `unit` (pure, in-process), `integration` (real servers and processes on loopback), `browser` (the report
 * in a real Chromium), `e2e` (the built command as a person runs it), `lab` (the cloud on this machine). What measures
 * time runs by itself, one file after another, what goes by the clock by two; others wait more than they work, and share
 * the two cores by three.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          isolate: false,
          include: ['test/unit/**/*.test.{ts,tsx}'],
          testTimeout: 10_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'beside',
          include: ['test/{integration,browser,e2e}/**/*.test.ts'],
          exclude: [...ALONE, ...BY_TWO],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'by-two',
          include: BY_TWO,
          exclude: ALONE,
          // Until a condition holds, which on a busy machine is when a process has started.
          expect: { poll: { timeout: 20_000 } },
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          testTimeout: 180_000,
          // The first lab on a machine builds its images.
          hookTimeout: 600_000,
          // Each has a lab of its own. A third one would only make the matrices slower: they need a core each.
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
