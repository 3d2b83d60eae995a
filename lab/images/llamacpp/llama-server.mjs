// As much of llama-server as the services ask for: it serves the file that --model names, which has to be a GGUF file.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

const names = ['model', 'alias', 'host', 'port', 'threads', 'parallel', 'n-gpu-layers', 'ctx-size'];
const { values } = parseArgs({
  options: { ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])), metrics: { type: 'boolean' } },
});
const id = values.alias;
if (readFileSync(values.model).toString('latin1', 0, 4) !== 'GGUF') {
  process.stderr.write(`gguf_init_from_file: invalid magic characters in ${values.model}\n`);
  process.exit(1);
}
const loadedAt = Date.now() + 1000;
const words = 'a model of the lab says these few words to whoever asks'.split(' ');

createServer(async (incoming, outgoing) => {
  const json = (status, body) => {
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify(body));
  };
  if (Date.now() < loadedAt) {
    return json(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
  }
  if (incoming.url === '/health') return json(200, { status: 'ok' });
  if (incoming.url === '/v1/models')
    return json(200, { object: 'list', data: [{ id, object: 'model', created: 1, owned_by: 'llamacpp' }] });
  if (incoming.url === '/props') return json(200, { total_slots: Number(values.parallel), model_path: values.model });
  if (incoming.method !== 'POST' || incoming.url !== '/v1/chat/completions') {
    return json(404, { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } });
  }
  const { stream = false, max_tokens: most = words.length } = JSON.parse(await text(incoming));
  const said = words.slice(0, most);
  const finish_reason = said.length < words.length ? 'length' : 'stop';
  const usage = { prompt_tokens: 10, completion_tokens: said.length, total_tokens: 10 + said.length };
  const common = { id: 'chatcmpl-1', created: 1, model: id };
  if (!stream) {
    const message = { role: 'assistant', content: said.join(' ') };
    return json(200, { ...common, object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage });
  }
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (choices, more = {}) =>
    outgoing.write(`data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices, ...more })}\n\n`);
  event([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
  for (const word of said) event([{ index: 0, delta: { content: `${word} ` }, finish_reason: null }]);
  event([{ index: 0, delta: {}, finish_reason }]);
  event([], { usage });
  outgoing.end('data: [DONE]\n\n');
}).listen(Number(values.port), values.host);
