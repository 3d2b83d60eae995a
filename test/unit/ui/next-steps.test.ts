import { expect, it } from 'vitest';
import type { Deployment } from '../../../src/services/deploy/run-deploy.ts';
import { leftoversError } from '../../../src/services/stack/teardown.ts';
import { SERVICES } from '../../../src/services/workloads/catalog.ts';
import { renderDeploy } from '../../../src/ui/render-deploy.ts';
import { renderStatus, renderTeardown } from '../../../src/ui/render-stack.ts';

const deployment: Deployment = {
  ...{ stack: 'demo', target: 'shed', services: SERVICES, billed: true, changes: [], applied: true },
  ...{ where: 'in the shed', endpoints: { a: 'http://a.test', b: 'http://b.test' }, details: {} },
};
const target = { target: 'shed', complete: false, simulated: false, endpoints: {}, resources: [], healthy: false };
const report = { target: 'shed', removed: [], leftovers: [{ key: 'vm', reason: 'still there' }] };
const { message, nextSteps } = leftoversError(report, 'demo');

/** What people are told after a change of a stack that has a name of its own. */
const TEXTS = {
  deploy: renderDeploy([deployment]),
  'deploy with an end': renderDeploy([{ ...deployment, expiresAt: '2026-01-01T00:00:00Z' }]),
  'deploy of several': renderDeploy([deployment, { ...deployment, target: 'barn' }], 'all'),
  status: renderStatus('demo', [target]),
  'status of nothing': renderStatus('demo', []),
  teardown: renderTeardown([{ ...report, leftovers: [] }], {
    stack: 'demo',
    stillUp: [{ name: 'barn', billed: true }],
  }),
  leftovers: [message, ...nextSteps].join('\n'),
};

it.each(Object.entries(TEXTS))('after %s every command that is named means the same stack', (_, text) => {
  const commands = text.match(/chainctl [^"#\n]*/g) ?? [];
  expect(commands.filter((command) => !command.includes('--stack demo'))).toEqual([]);
});

it('the addresses of services stand below one another, however long their names are', () => {
  const services = [
    ...SERVICES,
    { ...SERVICES[0], name: 'translator', path: '/translate' } as (typeof SERVICES)[number],
  ];
  const endpoints = { ...deployment.endpoints, translator: 'http://t.test' };
  const rows = renderDeploy([{ ...deployment, services, endpoints, facts: { logs: 'http-logs' } }]).match(
    /^ {2}.*http.*/gm,
  );
  expect(rows).toHaveLength(6);
  expect(new Set(rows?.map((row) => row.indexOf('http'))).size).toBe(1);
});

it('names commands for everything that can be done next', () => {
  const named =
    Object.values(TEXTS)
      .join('\n')
      .match(/chainctl (\w+)/g) ?? [];
  expect([...new Set(named)].sort()).toEqual([
    ...['chainctl deploy', 'chainctl load', 'chainctl logs', 'chainctl smoke', 'chainctl status', 'chainctl teardown'],
  ]);
});

it('a deploy names the page, the base URL of the API and the file of the token', () => {
  const text = renderDeploy([{ ...deployment, endpoints: { a: 'http://a.test' }, tokenFile: '/s/token' }]);
  expect(text).toMatch(/^ {2}chat page +http:\/\/a\.test\/$/m);
  expect(text).toMatch(/^ {2}OpenAI API +http:\/\/a\.test\/v1$/m);
  expect(text).toMatch(/^ {2}token in +\/s\/token$/m);
});
