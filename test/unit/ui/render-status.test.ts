import { expect, test } from 'vitest';
import type { ReportedTarget } from '../../../src/services/stack/stack-status.ts';
import { renderStatus } from '../../../src/ui/render-stack.ts';

const since = '2026-11-21T13:48:13.000Z';

test('the largest stack fits into 80 columns, and an unfinished one names the command that goes on with it', () => {
  const aws = {
    ...{ target: 'aws', healthy: true, complete: true, since, auth: 'token', simulated: false },
    endpoints: { a: 'http://10.87.248.10:8001', b: 'http://10.87.249.200' },
    resources: [
      { key: 'instance-a', state: 'recorded', id: 'i-888ccba66e2b2c1f1', since },
      { key: 'service-a', state: 'healthy', id: '10.87.248.10', address: '10.87.248.10:8001', since },
    ],
  } as unknown as ReportedTarget;
  const gcp = {
    ...{ target: 'gcp', healthy: false, complete: false, since, auth: 'token', simulated: false },
    endpoints: { b: 'http://10.87.249.200' },
    resources: [
      { key: 'image-9c2f60097e43af5f', state: 'recorded', id: 'chainctl-demo-image-9c2f60097e43af5f', since },
      { key: 'autoscaler-europe-west3-c', state: 'recorded', id: 'chainctl-demo-llm-b-autoscaler', since },
    ],
  } as unknown as ReportedTarget;
  const text = renderStatus('demo', [aws, gcp]);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain('llm-b-autoscaler');
  expect(text).toContain('Names begin with chainctl-demo-');
  expect(text).toContain('10.87.248.10:8001');
  expect(text).toContain('Next: chainctl deploy gcp --stack demo');
  expect(renderStatus('demo', [gcp])).toContain('Next: chainctl deploy gcp --stack demo');
  const [first, second] = renderStatus('the-longest-name-yet', [{ ...aws, simulated: true }]).split('\n');
  expect([first, second]).toEqual([
    'Stack the-longest-name-yet, aws: healthy, deployed 2026-11-21 13:48:13 UTC',
    '  (simulated engine)',
  ]);
});
