import { type ChainClient, detailOf, type RawRequest } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { type Check, transportFinding } from './check.ts';
import { SHORT_PROMPT } from './prompts.ts';

interface Refusal {
  readonly id: string;
  readonly name: string;
  readonly status: number;
  /** Its exact text, which clients match on. */
  readonly detail?: string;
  request(): Pick<RawRequest, 'method' | 'body' | 'token'>;
}

const DETAIL = 'prompt must be at least 1000 characters';
const post = (body: string) => () => ({ method: 'POST', body }) as const;

const REFUSALS: readonly Refusal[] = [
  {
    id: 'short-prompt',
    name: 'refuses a prompt of 999 characters',
    status: 400,
    detail: DETAIL,
    request: post(JSON.stringify({ prompt: SHORT_PROMPT })),
  },
  {
    id: 'missing-prompt',
    name: 'refuses a body without a prompt',
    status: 400,
    detail: DETAIL,
    request: post('{}'),
  },
  { id: 'malformed-json', name: 'refuses malformed JSON', status: 400, request: post('{"prompt": "') },
  { id: 'wrong-method', name: 'refuses GET where POST belongs', status: 405, request: () => ({ method: 'GET' }) },
];

/** As long as a real one. */
const WRONG_TOKEN = 'x'.repeat(43);

/** What a service must refuse, and how the contract says that it does. */
export function refusalsOf(service: ServiceDefinition, client: ChainClient): Check[] {
  return REFUSALS.map((refusal) => refusalCheck(refusal, service, client));
}

/** What a service that asks for a token must not let in; only for chains whose token is known. */
export function authorizationOf(service: ServiceDefinition, client: ChainClient, prompt: () => string): Check[] {
  const cases = [
    { id: 'no-token', name: 'refuses a prompt without the token', token: 'none' },
    { id: 'wrong-token', name: 'refuses a prompt with a wrong token', token: WRONG_TOKEN },
  ];
  return cases.map(({ id, name, token }) => {
    const request = () => ({ ...post(JSON.stringify({ prompt: prompt() }))(), token });
    return refusalCheck({ id, name, status: 401, request }, service, client);
  });
}

function refusalCheck(refusal: Refusal, { name: side, path }: ServiceDefinition, client: ChainClient): Check {
  const { id, name, status: wanted, detail, request } = refusal;
  const title = side.toUpperCase();
  return {
    id: `${side}-${id}`,
    name: `${title} ${name}`,
    side,
    expected: detail === undefined ? `${wanted}` : `${wanted} with detail "${detail}"`,
    async run(base) {
      const came = await client.raw({ url: `${base}${path}`, ...request() });
      if (came.kind === 'transport') return transportFinding(came);
      const said = detailOf(came.text);
      const shown = said === undefined ? `with ${excerpt(came.text)}` : `with detail "${excerpt(said)}"`;
      const actual = wanted === 401 ? `${came.status}: ${excerpt(said ?? came.text)}` : `${came.status} ${shown}`;
      const remedy = remedyOf(refusal, came.status, said, title);
      return { passed: remedy === undefined, actual, remedy };
    },
  };
}

/** What to do where a service does not refuse as it must; undefined where it does. */
function remedyOf(refusal: Refusal, status: number, detail: string | undefined, name: string): string | undefined {
  if (status === 200) {
    return refusal.status === 401
      ? `${name} works for whoever finds its address: deploy it again with --auth token`
      : `${name} accepted what it must refuse: check its validation, which costs model time for every bad request`;
  }
  if (status !== refusal.status) {
    return `${name} must answer ${refusal.status} here: check its version, and what stands in front of it`;
  }
  if (refusal.detail === undefined || detail === refusal.detail) return undefined;
  return `clients match on the detail's exact text: check the version of ${name}`;
}
