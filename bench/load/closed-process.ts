import { Deadlines } from '../../src/services/load/engine/deadlines.ts';
import { Exchange } from '../../src/services/load/engine/exchange.ts';
import { RawTransport } from '../../src/services/load/engine/http/raw-transport.ts';
import type { RunOrder } from '../../src/services/load/engine/protocol.ts';
import { RecordWriter } from '../../src/services/load/engine/record-columns.ts';
import { resolveOnce } from '../../src/services/load/engine/resolve.ts';
import { steadyNow } from '../../src/services/load/engine/steady-clock.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';
import { remembering } from '../../src/services/load/protocols/answers.ts';
import { protocolNamed } from '../../src/services/load/protocols/protocols.ts';

// The engine as a closed loop: as many requests in flight as there are connections, each followed by the next at once.
// Everything that the open loop does for a request is done here too, but for the schedule: a body of its own, its
// deadline, the verdict on the answer, the record and its way to the parent.

const [url, connections, seconds] = process.argv.slice(2);
const order: RunOrder = {
  type: 'run',
  url: String(url),
  form: { api: 'raw', stream: false },
  rate: 1,
  warmupMs: 0,
  durationMs: 0,
  drainMs: 0,
  timeoutMs: 60_000,
  maxInFlight: 1000,
  prompt: DEFAULT_PROMPT,
  seed: 1,
  series: 0,
};
const verdictOn = remembering(protocolNamed(order.form.api).judge);
const records = new RecordWriter();
const deadlines = new Deadlines(order.timeoutMs, () => {});
let count = 0;
let over = false;
const resolved = await resolveOnce(new URL(order.url).hostname);
const transport = new RawTransport(order, resolved, (exchange, end) => {
  const at = steadyNow();
  exchange.done = true;
  if (end.kind !== 'answer') throw new Error(`the target failed: ${JSON.stringify(end)}`);
  records.add(exchange.index, 0, 0, at - exchange.sentAt, end.status, verdictOn(end.status, end.text));
  if (records.full) process.send?.({ columns: records.take() });
  if (!over) next();
});
function next(): void {
  const exchange = new Exchange(count++, 0, steadyNow(), undefined);
  deadlines.add(exchange);
  transport.send(exchange);
}
const cpu = process.cpuUsage();
const began = steadyNow();
for (let i = 0; i < Number(connections); i++) next();
setTimeout(() => {
  over = true;
  const { user, system } = process.cpuUsage(cpu);
  const wall = (steadyNow() - began) / 1000;
  process.send?.({ requests: count, cpuSeconds: (user + system) / 1e6, wallSeconds: wall }, undefined, undefined, () =>
    process.exit(0),
  );
}, Number(seconds) * 1000);
