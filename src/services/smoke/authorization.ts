import { type ChainClient, detailOf, type RawAnswer } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { type Check, type Finding, transportFinding } from './check.ts';

/** A token that nobody has: as long as a real one. */
const WRONG = 'x'.repeat(43);

const CASES = [
  { id: 'no-token', name: 'refuses a prompt without the token', token: 'none' },
  { id: 'wrong-token', name: 'refuses a prompt with a wrong token', token: WRONG },
] as const;

/** What a service that asks for a token must not let in; only for chains whose token is known. */
export function authorizationOf(
  { name: side, path }: ServiceDefinition,
  client: ChainClient,
  prompt: () => string,
): Check[] {
  return CASES.map(({ id, name, token }) => ({
    id: `${side}-${id}`,
    name: `${side.toUpperCase()} ${name}`,
    side,
    expected: '401',
    async run(base) {
      const body = JSON.stringify({ prompt: prompt() });
      const came = await client.raw({ url: `${base}${path}`, method: 'POST', body, token });
      return came.kind === 'transport' ? transportFinding(came) : judge(came, side.toUpperCase());
    },
  }));
}

function judge({ status, text }: RawAnswer, name: string): Finding {
  if (status === 401) return { passed: true, actual: `401: ${excerpt(detailOf(text) ?? text)}` };
  const remedy =
    status === 200
      ? `${name} works for whoever finds its address: deploy it again with --auth token`
      : `${name} must answer 401 here: check its version, and what stands in front of it`;
  return { passed: false, actual: `${status}: ${excerpt(detailOf(text) ?? text)}`, remedy };
}
