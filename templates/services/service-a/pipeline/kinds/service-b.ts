import type { OpenStep } from '../step-kind.ts';
import { callersOrder, fromRemote } from './generation.ts';
import { addressesOf } from './remote.ts';
import { asMessages, asText } from './values.ts';

/** B: by `/invoke` for `/chain`, by its chat for a chat. Without inputs it gets what the caller said, unchanged. */
export const serviceB: OpenStep = (step, { remotes, defaultMaxTokens }) => {
  const remote = remotes.generating('service-b', addressesOf(step));
  return {
    usesEngine: false,
    keepsTime: true,
    async run({ inputs, input, isLeaf, run }) {
      const { prompt, messages } = inputs;
      if (input.chat === undefined) {
        const text = prompt === undefined ? (messages === undefined ? input.text : lastText(messages)) : asText(prompt);
        return fromRemote(await remote.invoke(text, run));
      }
      const said = messages ?? (prompt === undefined ? input.messages : asText(prompt));
      const limits = callersOrder(
        isLeaf ? input.chat : undefined,
        { maxTokens: undefined, sampling: {} },
        defaultMaxTokens,
      );
      return fromRemote(await remote.chat({ ...limits, model: '', messages: asMessages(said, run.who) }, run));
    },
    close: () => remote.close(),
  };
};

/** `/invoke` takes one text: of a conversation the last. */
function lastText(messages: unknown): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1)?.content : messages;
  return asText(last);
}
