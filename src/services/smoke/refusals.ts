import { type ChainClient, detailOf, type RawAnswer } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { type Check, type Finding, transportFinding } from './check.ts';
import { SHORT_PROMPT } from './prompts.ts';

const DETAIL = 'prompt must be at least 1000 characters';

interface Refusal {
  readonly id: string;
  readonly name: string;
  readonly status: 400 | 405;
  readonly detail?: string;
  readonly body?: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    id: 'short-prompt',
    name: 'refuses a prompt of 999 characters',
    status: 400,
    detail: DETAIL,
    body: JSON.stringify({ prompt: SHORT_PROMPT }),
  },
  { id: 'missing-prompt', name: 'refuses a body without a prompt', status: 400, detail: DETAIL, body: '{}' },
  { id: 'malformed-json', name: 'refuses malformed JSON', status: 400, body: '{"prompt": "' },
  { id: 'wrong-method', name: 'refuses GET where POST belongs', status: 405 },
];

/** What a service must refuse, and how the contract says that it does. */
export function refusalsOf({ name: side, path }: ServiceDefinition, client: ChainClient): Check[] {
  return REFUSALS.map((refusal) => ({
    id: `${side}-${refusal.id}`,
    name: `${side.toUpperCase()} ${refusal.name}`,
    side,
    expected: refusal.detail === undefined ? `${refusal.status}` : `${refusal.status} with detail "${refusal.detail}"`,
    async run(base) {
      const { body } = refusal;
      const came = await client.raw({
        url: `${base}${path}`,
        ...(body === undefined ? { method: 'GET' } : { method: 'POST', body }),
      });
      return came.kind === 'transport' ? transportFinding(came) : judge(came, refusal, side.toUpperCase());
    },
  }));
}

function judge({ status, text }: RawAnswer, refusal: Refusal, name: string): Finding {
  const detail = detailOf(text);
  const actual = `${status} ${detail === undefined ? `with ${excerpt(text)}` : `with detail "${excerpt(detail)}"`}`;
  if (status !== refusal.status) {
    const remedy =
      status === 200
        ? `${name} accepted what it must refuse: check its validation, which costs model time for every bad request`
        : `${name} must answer ${refusal.status} here: check its version, and what stands in front of it`;
    return { passed: false, actual, remedy };
  }
  if (refusal.detail !== undefined && detail !== refusal.detail) {
    return { passed: false, actual, remedy: `clients match on the detail's exact text: check the version of ${name}` };
  }
  return { passed: true, actual };
}
