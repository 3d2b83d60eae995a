import { createServer, type ServerResponse } from 'node:http';

// An engine with OpenAI's API whose models stream as they are called, as a process of its own:
//   paced    the first token after 40 ms, then one every 20 ms, 20 in all
//   instant  one token, at once
//   burst    as many tokens as the argument says, as fast as they are taken
//   held     one token, and then nothing until it is left
//   slow     one token a second, until it is left

const FIRST_MS = 40;
const PACE_MS = 20;
const PACED_TOKENS = 20;
/** Events that are written at once in a burst: a read of A's brings about as many. */
const PACK = 100;

const BURST_TOKENS = Number(process.argv[2]);
const MODELS = ['paced', 'instant', 'burst', 'held', 'slow'];

function event(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

const ROLE = event({ role: 'assistant', content: '' });
const TOKEN = event({ content: ' token' });
const PACKED = Buffer.from(TOKEN.repeat(PACK));

const WHOLE = JSON.stringify({
  ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'token' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

function end(response: ServerResponse, tokens: number): void {
  const usage = { prompt_tokens: 1, completion_tokens: tokens, total_tokens: tokens + 1 };
  response.end(`${event({}, 'stop')}data: ${JSON.stringify({ id: 'x', choices: [], usage })}\n\ndata: [DONE]\n\n`);
}

function burst(response: ServerResponse): void {
  let left = BURST_TOKENS / PACK;
  const more = (): void => {
    while (left > 0) {
      left--;
      if (!response.write(PACKED)) {
        response.once('drain', more);
        return;
      }
    }
    end(response, BURST_TOKENS);
  };
  more();
}

function paced(response: ServerResponse): void {
  let left = PACED_TOKENS;
  const next = (): void => {
    if (response.destroyed) return;
    response.write(TOKEN);
    if (--left === 0) end(response, PACED_TOKENS);
    else setTimeout(next, PACE_MS);
  };
  setTimeout(next, FIRST_MS);
}

function slow(response: ServerResponse): void {
  response.write(TOKEN);
  const timer = setInterval(() => response.write(TOKEN), 1000);
  response.once('close', () => clearInterval(timer));
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const data = MODELS.map((id) => ({ id, object: 'model', created: 1, owned_by: 'bench' }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ object: 'list', data, status: 'ok' }));
    return;
  }
  let text = '';
  request.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  request.on('end', () => {
    const { model, stream } = JSON.parse(text);
    if (stream !== true) {
      response.setHeader('content-type', 'application/json').end(WHOLE);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(ROLE);
    if (model === 'paced') paced(response);
    else if (model === 'burst') burst(response);
    else if (model === 'slow') slow(response);
    else if (model === 'held') response.write(TOKEN);
    else {
      response.write(TOKEN);
      end(response, 1);
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
