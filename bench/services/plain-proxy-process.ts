import { Agent, createServer, request } from 'node:http';

// The least that Node itself needs to pass streams on: no API, no limits, nothing kept. As a process of its own.
const target = new URL(process.argv[2] as string);
const agent = new Agent({ keepAlive: true });
const server = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const asked = request({ hostname: target.hostname, port: target.port, agent, method, path: url, headers });
  asked.once('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  outgoing.once('close', () => asked.destroy());
  asked.on('error', () => outgoing.destroy());
  incoming.pipe(asked);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.error(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
});
