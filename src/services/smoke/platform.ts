import { z } from 'zod';
import type { ChainClient, RawAnswer } from '../chain/client.ts';
import { excerpt } from '../chain/excerpt.ts';
import { saidBy } from '../chain/said.ts';
import { plural } from '../words.ts';
import { chatRefusals } from './chat-refusals.ts';
import { ChatStream } from './chat-stream.ts';
import { answerCheck, type Bounds, type Check, type Finding, failureOf, judged, transportFinding } from './check.ts';

/** Most tokens of an answer: enough to see that there are some, and of a stream, that they come one after another. */
const MAX_TOKENS = 16;
const STREAMED_TOKENS = 32;

const model = z.looseObject({ id: z.string().min(1), object: z.literal('model') });
const models = z.looseObject({ object: z.literal('list'), data: z.array(model).min(1) });

const count = z.number().int().nonnegative();
const message = z.looseObject({ role: z.literal('assistant'), content: z.string().nullable() });
const choice = z.looseObject({ index: z.literal(0), message, finish_reason: z.string() });
const chat = z.looseObject({
  object: z.literal('chat.completion'),
  id: z.string().min(1),
  created: z.number().int(),
  model: z.string(),
  choices: z.array(choice).length(1),
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  chainctl: z.looseObject({ simulated: z.boolean().optional() }).optional(),
});

/**
 * What a service answers to the clients of language models: its models, a chat, a stream, and refusals in the form that they
 * show. One that is older than that API has none of it, and no fault in that: its checks are skipped, with the reason.
 *
 * @param own the model that it lists first; undefined where that is its engine's
 */
export function platformChecks(client: ChainClient, { now }: Pick<Bounds, 'now'>, side: string, own?: string): Check[] {
  const title = side.toUpperCase();
  const lists = new Map<string, ReturnType<typeof list>>();
  const list = (base: string) => client.ask(models, { url: `${base}/v1/models`, method: 'GET' });
  /** Asked once: whether there is anything to check. */
  const listed = (base: string) => {
    const asked = lists.get(base) ?? list(base);
    lists.set(base, asked);
    return asked;
  };
  const where = { chats: '/v1/chat/completions', side, now };
  const checks = [
    answerCheck({
      id: `${side}-models`,
      name: `${title} lists its models`,
      side,
      expected: `200 with a list of models${own === undefined ? '' : `, "${own}" first`}`,
      ask: listed,
      judge({ data }) {
        const [first, ...more] = data.map(({ id }) => id);
        const others = more.length === 0 ? '' : ` and ${plural(more.length, 'other')}`;
        return judged(`200, ${excerpt(first ?? '')}${others}`, false, [
          [own !== undefined && first !== own && `"${own}" is not the first`, `check the version of ${title}`],
        ]);
      },
    }),
    answerCheck({
      id: `${side}-chat`,
      name: `${title} answers a chat`,
      side,
      expected: '200 with a text, why it ended, and the tokens',
      ask: (base) => client.ask(chat, { url: base + where.chats, method: 'POST', body: chatBody() }),
      judge({ model: name, choices: [answer], usage, chainctl: { simulated = false } = {} }) {
        const tokens = `${usage.prompt_tokens} tokens in, ${usage.completion_tokens} out`;
        const actual = `200, ${excerpt(name)}, ${tokens}, ended by ${excerpt(answer?.finish_reason ?? '')}`;
        return judged(actual, simulated, [
          [
            (answer?.message.content ?? '').trim() === '' && 'the text is empty',
            `check the engine behind ${title}: does the model answer?`,
          ],
          [
            usage.total_tokens !== usage.prompt_tokens + usage.completion_tokens && 'total_tokens is not the sum',
            `check how ${title} counts tokens`,
          ],
        ]);
      },
    }),
    streamCheck(client, title, where),
    ...chatRefusals(client, title, where),
  ];
  return checks.map((check, index) => ({
    ...check,
    async run(base) {
      const reply = await listed(base);
      const isMissing = reply.kind === 'refused' && (reply.status === 404 || reply.status === 405);
      if (!isMissing) return check.run(base);
      return index === 0 ? missing(title, reply.status) : { ...SKIPPED, actual: `${title} has no /v1/models` };
    },
  }));
}

const SKIPPED = { passed: false, skipped: true } as const;

function missing(title: string, status: number): Finding {
  const actual = `${title} has no /v1/models (${status}): it is older than the API for chats`;
  return { ...SKIPPED, actual, remedy: 'deploy it again with this version to have it' };
}

/** The body of a chat. */
function chatBody(more: object = {}): string {
  return JSON.stringify({ messages: [{ role: 'user', content: 'Hello!' }], max_tokens: MAX_TOKENS, ...more });
}

interface Where extends Pick<Bounds, 'now'> {
  /** Path of the chats. */
  readonly chats: string;
  readonly side: string;
}

function streamCheck(client: ChainClient, title: string, where: Where): Check {
  const { side, chats, now } = where;
  return {
    id: `${side}-stream`,
    name: `${title} streams a chat`,
    side,
    expected: 'role, text as it is written, why it ended, the tokens, [DONE]',
    async run(base) {
      const stream = new ChatStream();
      const began = now();
      const reply = await client.raw({
        ...{ url: base + chats, method: 'POST' },
        body: chatBody({ max_tokens: STREAMED_TOKENS, stream: true, stream_options: { include_usage: true } }),
        onRead: (bytes) => stream.take(bytes, (now() - began) / 1000),
      });
      if (reply.kind === 'transport') return transportFinding(reply);
      return reply.status === 200 ? streamFinding(stream, reply, title) : refusedStream(reply, title);
    },
  };
}

function refusedStream({ status, text, seconds }: RawAnswer, title: string): Finding {
  return failureOf({ kind: 'refused', status, detail: saidBy(text)?.words ?? excerpt(text), seconds }, title);
}

function streamFinding(stream: ChatStream, { seconds }: RawAnswer, title: string): Finding {
  const { fault, firstSeconds = 0, pieces, simulated } = stream.end(seconds);
  const actual = `200, ${plural(pieces, 'piece')}, the first after ${firstSeconds.toFixed(3)} s, all after ${seconds.toFixed(3)} s`;
  return judged(actual, simulated, [[fault?.why, fault?.remedy ?? `check the version of ${title}`]]);
}
