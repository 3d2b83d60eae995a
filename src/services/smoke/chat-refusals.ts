import { z } from 'zod';
import type { ChainClient } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import { parseJson } from '../words.ts';
import { type Check, judged, transportFinding } from './check.ts';

/** The form in which clients of OpenAI's API show why they were refused. */
const refusal = z.looseObject({
  error: z.looseObject({
    message: z.string().min(1),
    type: z.string().min(1),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
  detail: z.string().min(1),
});

interface Case {
  readonly id: string;
  readonly name: string;
  readonly body: object;
  readonly status: number;
  /** What the error has to name. */
  readonly param: string;
  readonly code: string | null;
}

const messages = [{ role: 'user', content: 'Hello!' }];

const CASES: readonly Case[] = [
  {
    ...{ id: 'unknown-model', name: 'refuses a model that it has not', status: 404 },
    ...{ body: { model: 'no-such-model', messages }, param: 'model', code: 'model_not_found' },
  },
  {
    ...{ id: 'wrong-type', name: 'refuses a field of the wrong type', status: 400 },
    ...{ body: { messages, max_tokens: 'many' }, param: 'max_tokens', code: null },
  },
  {
    ...{ id: 'no-messages', name: 'refuses a chat without messages', status: 400 },
    ...{ body: { messages: [] }, param: 'messages', code: null },
  },
];

/** What a service has to refuse of chats, before it costs model time. */
export function chatRefusals(
  client: ChainClient,
  title: string,
  { side, chats }: { readonly side: string; readonly chats: string },
): Check[] {
  return CASES.map(({ id, name, body, status, param, code }) => ({
    id: `${side}-chat-${id}`,
    name: `${title} ${name}`,
    side,
    expected: `${status} with an error that names ${param}${code === null ? '' : `, code ${code}`}`,
    async run(base) {
      const came = await client.raw({ url: base + chats, method: 'POST', body: JSON.stringify(body) });
      if (came.kind === 'transport') return transportFinding(came);
      const { data } = refusal.safeParse(parseJson(came.text));
      const actual = `${came.status}: ${excerpt(data?.error.message ?? came.text)}`;
      const version = `check the version of ${title}, and what stands in front of it`;
      return judged(actual, false, [
        [
          came.status === 200 && 'it was answered',
          `${title} accepts what it must refuse: check its validation, which costs model time for every bad request`,
        ],
        [came.status !== status && 'another status', version],
        [data === undefined && "not the form of OpenAI's errors, so clients lose the reason", version],
        [data?.error.message !== data?.detail && 'detail and error.message differ', version],
        [data?.error.param !== param && `the error does not name ${param}`, version],
        [data?.error.code !== code && 'another code', version],
      ]);
    },
  }));
}
