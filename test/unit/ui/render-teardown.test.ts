import { expect, it } from 'vitest';
import { renderTeardown } from '../../../src/ui/render-stack.ts';

it('names the folder of logs only where there is one', () => {
  const report = { target: 'aws', removed: ['instance-a'], leftovers: [] } as never;
  expect(renderTeardown([report], { stack: 'demo' })).toBe('Stopped and verified gone: instance-a.');
  expect(renderTeardown([report], { stack: 'demo', logs: '/home/logs' })).toContain('Logs stay in /home/logs');
});

it('says what of the stack is still up', () => {
  const report = { target: 'gcp', removed: ['address'], leftovers: [] } as never;
  expect(renderTeardown([report], { stack: 'demo', stillUp: [{ name: 'aws', billed: true }] })).toBe(
    'Stopped and verified gone: address.\nStill up, and costing money: aws.',
  );
});

it('names what is kept beside the logs, and the command that deletes it', () => {
  const report = { target: 'local', removed: ['a'], leftovers: [] } as never;
  const kept = [{ what: 'conversations', path: '/home/logs/history.db' }];
  const text = renderTeardown([report], { stack: 'demo', logs: '/home/logs', kept });
  expect(text).toContain('conversations stay, and the next deploy shows them again: /home/logs/history.db');
  expect(text).toContain('chainctl teardown --delete-history --yes --stack demo');
});
