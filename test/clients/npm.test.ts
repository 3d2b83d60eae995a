import { proveClients } from './cases.ts';
import { JS_CLIENTS } from './js-clients.ts';

/** Those that ask again all the same: the AI SDK and LangChain have retries of their own, which do not look at the header. */
const GENERATIONS: Readonly<Record<string, number>> = {
  'ai with @ai-sdk/openai-compatible': 3,
  '@langchain/openai': 2,
};

proveClients(
  () => JS_CLIENTS.map((client) => [client, { generations: GENERATIONS[client.name] ?? 1 }]),
  JS_CLIENTS.map(({ name }) => name),
);
