import { expect, test } from 'vitest';
import { graphText, isBuiltIn, stepsText } from '../../../src/services/workloads/graph-text.ts';

const step = (name: string, kind: string) => ({ name, kind });
const own = [step('a', 'generate'), step('b', 'service-b')];

test('the graph that is built in is told by its names, and by its kinds where they are known', () => {
  expect(isBuiltIn(own)).toBe(true);
  expect(isBuiltIn([{ name: 'a' }, { name: 'b' }])).toBe(true);
  expect(isBuiltIn([step('a', 'raw'), step('b', 'chat')])).toBe(false);
  expect(isBuiltIn([...own, step('c', 'join')])).toBe(false);
  expect(isBuiltIn([])).toBe(false);
});

test('what A runs, and whether it asks B', () => {
  const graph = (...steps: ReturnType<typeof step>[]) => ({ name: 'notes', steps, answer: 'x' });
  expect(graphText(undefined, 'http://b/invoke')).toBe('sends to http://b/invoke');
  expect(graphText(graph(...own), 'http://b/invoke')).toBe('sends to http://b/invoke');
  expect(graphText(graph(step('x', 'chat')), 'http://b/invoke')).toBe('runs the pipeline "notes" (x), which asks no B');
  expect(graphText(graph(step('x', 'service-b')), 'http://b')).toBe(
    'runs the pipeline "notes" (x), which sends to http://b',
  );
});

test('steps with their times, and why one was skipped', () => {
  const steps = [{ name: 'x', seconds: 0.5 }, { name: 'y', seconds: 0, error: 'status\n404' }, { name: 'z' }];
  expect(stepsText(steps)).toBe('x 0.5 s, y 0 s (skipped: status 404), z');
});
