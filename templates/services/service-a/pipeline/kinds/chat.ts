import type { ChatMessage } from '../../../common/engine/engine.ts';
import type { OpenStep } from '../step-kind.ts';
import { callersOrder, fromEngine, fromRemote } from './generation.ts';
import { addressesOf } from './remote.ts';
import { asMessages, asText } from './values.ts';

/** A chat with the own engine, or with any server of OpenAI's chat completions. */
export const chat: OpenStep = (step, deps) => {
  const remote = step.urls.length === 0 ? undefined : deps.remotes.generating('chat', addressesOf(step));
  return {
    usesEngine: remote === undefined,
    keepsTime: remote !== undefined,
    async run({ inputs, input, isLeaf, run }) {
      const { messages, prompt, system, model, max_tokens: maxTokens, stop, ...sampling } = inputs;
      const said = messages ?? (prompt === undefined ? input.messages : asText(prompt));
      const own = {
        maxTokens: maxTokens as number | undefined,
        sampling: { ...sampling, stop: stop as string[] | undefined },
      };
      const order = {
        ...callersOrder(isLeaf ? input.chat : undefined, own, deps.defaultMaxTokens),
        messages: withSystem(asMessages(said, run.who), system === undefined ? '' : asText(system)),
      };
      if (remote !== undefined) return fromRemote(await remote.chat({ ...order, model: asText(model) }, run));
      const name = asText(model) || deps.model();
      return fromEngine(await deps.engine.chat({ ...order, model: name }, run), name, deps.host);
    },
    close: () => remote?.close(),
  };
};

/** One system message at the beginning: many models know no other. The step's own text stands before the caller's. */
function withSystem(messages: readonly ChatMessage[], system: string): readonly ChatMessage[] {
  if (system === '') return messages;
  const others = messages.filter(({ role }) => role !== 'system');
  const texts = messages.flatMap(({ role, content }) => (role === 'system' && content ? [content] : []));
  return [{ role: 'system', content: [system, ...texts].join('\n\n') }, ...others];
}
