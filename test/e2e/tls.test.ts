import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type ServerCertificate, TestAuthority } from '../support/certificates.ts';
import { Cli } from '../support/cli.ts';
import { exitOfPoints } from '../support/exit-of-points.ts';

let cli: Cli;
let authority: TestAuthority;
beforeAll(async () => {
  cli = await Cli.open();
  authority = await TestAuthority.open();
});
afterAll(async () => {
  await authority.close();
  await cli.close();
});

const ANSWER = '{"llm_text":"text","host":"b-1","model":"m","service":"b","timing":{}}';

async function serve(certificate: ServerCertificate): Promise<number> {
  const server = createServer(certificate, (request, response) =>
    request.resume().on('end', () => response.end(ANSWER)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const load = (url: string) =>
  cli.json(['load', '--target', url, '--rps', '10', '--duration', '1s', '--warmup', '0'], {
    env: { NODE_EXTRA_CA_CERTS: authority.file },
  });

it('an authority named in NODE_EXTRA_CA_CERTS is trusted by preflight and load', async () => {
  const port = await serve(await authority.issue('DNS:localhost'));
  const { code, envelope } = await load(`https://localhost:${port}/invoke`);
  expect(envelope.result.points[0].outcomes.ok).toBe(10);
  expect(code).toBe(exitOfPoints(envelope));
});

it.each([
  ['expired', () => authority.issue('DNS:localhost', { expired: true }), 'has expired', 'renew it'],
  [
    'for other names',
    () => authority.issue('DNS:a.test,DNS:b.test'),
    'is not for that name, but for a.test, b.test',
    'write the name that the certificate has',
  ],
  ['of nobody', () => authority.selfSigned('DNS:localhost'), 'is signed by itself', 'NODE_EXTRA_CA_CERTS='],
] as const)('a certificate that is %s: exit 5, which host, and what to do', async (_what, make, fault, next) => {
  const port = await serve(await make());
  const { code, envelope } = await load(`https://localhost:${port}/invoke`);
  expect(envelope.error.message).toContain(`the certificate of localhost:${port} ${fault}`);
  expect(envelope.error.nextSteps[0]).toContain(next);
  expect(code).toBe(5);
});
