import { createServer } from 'node:net';
import { draws } from './draws.ts';
import { eachRequest, jsonAnswer } from './requests.ts';

// A target that knows the truth about its answers, as a process of its own. It keeps the contract of /chain or /invoke,
// takes the time that it draws, and measures by its own clock, from the last byte read to the answer written, what it
// really took: its timers are late too. Asked over its channel it tells. Arguments after the port:
//   spread <median ms> <sigma>              log-normal times, any number at once; tells [request, ms] of each
//   places <count> <mean ms> <sigma>        so many at once, the rest waits in line; tells its capacity per second
//   hops <a ms> <network ms> <b ms> <wait ms>  a chain whose hops take that on average; tells the means

/** Requests of a warm-up and probes are marked by their trace or have none: they are not in the truth. */
const TRACE = /traceparent: 00-[0-9a-f]{16}(?:[0-9a-f]{16})-0([0-9a-f]{15})-01/i;
const HOP_SIGMA = 0.3;

interface Plan {
  /** Milliseconds from the arrival on, by the drawn times. */
  readonly dueMs: number;
  readonly body: string;
  /** Told what it really took. */
  done?(tookMs: number): void;
}

const [port, mode, ...rest] = process.argv.slice(2);
const [first = 0, second = 0, third = 0, fourth = 0] = rest.map(Number);
const draw = draws(1);

const spread: number[] = [];
let freeAt: number[] = Array.from({ length: first }, () => 0);
let served = { count: 0, sumMs: 0 };
let hops = { count: 0, a: 0, network: 0, bModel: 0, bWait: 0, total: 0 };

const plans: Record<string, (request: number | undefined, now: number) => Plan> = {
  spread(request) {
    const plan = { dueMs: draw.logNormal(first, second), body: answerOfB(0, 0) };
    if (request === undefined) return plan;
    return { ...plan, done: (tookMs) => spread.push(request, tookMs) };
  },
  places(_, now) {
    // The mean of a log-normal is exp(sigma^2 / 2) times its median.
    const takes = draw.logNormal(second * Math.exp(-(third ** 2) / 2), third);
    const place = freeAt.indexOf(Math.min(...freeAt));
    // By the drawn times alone: a late timer must not cost capacity.
    const end = Math.max(now, freeAt[place] ?? 0) + takes;
    freeAt = freeAt.with(place, end);
    served = { count: served.count + 1, sumMs: served.sumMs + takes };
    return { dueMs: end - now, body: answerOfB(takes / 1000, (end - now) / 1000) };
  },
  hops(request) {
    const near = (mean: number) => draw.logNormal(mean * Math.exp(-(HOP_SIGMA ** 2) / 2), HOP_SIGMA);
    const [a, network, bModel, bWait] = [near(first), near(second), near(third), near(fourth)];
    const body = JSON.stringify({
      ...{ service: 'a', model_a: 'known', remote_b_url: 'http://127.0.0.1/invoke', a_summary: 'text' },
      b_result: JSON.parse(answerOfB(bModel / 1000, (bModel + bWait) / 1000)),
      timing: {
        a_local_seconds: a / 1000,
        b_remote_seconds: (network + bModel + bWait) / 1000,
        end_to_end_seconds: (a + network + bModel + bWait) / 1000,
      },
    });
    const plan = { dueMs: a + network + bModel + bWait, body };
    if (request === undefined) return plan;
    const done = (tookMs: number) => {
      // What no service accounts for is the network's, the lateness of this timer too.
      hops = {
        count: hops.count + 1,
        a: hops.a + a,
        network: hops.network + tookMs - a - bModel - bWait,
        bModel: hops.bModel + bModel,
        bWait: hops.bWait + bWait,
        total: hops.total + tookMs,
      };
    };
    return { ...plan, done };
  },
};

function answerOfB(model: number, total: number): string {
  const timing = { ollama_seconds: model, total_seconds: total };
  return JSON.stringify({ service: 'b', model: 'known', llm_text: 'text', timing, host: 'known' });
}

function truth(): unknown {
  if (mode === 'spread') return Float64Array.from(spread.splice(0));
  if (mode === 'places') return { capacity: (first * 1000 * served.count) / served.sumMs };
  const { count, ...sums } = hops;
  return { count, ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])) };
}

const server = createServer({ noDelay: true }, (socket) => {
  eachRequest(socket, (bytes, headEnd) => {
    const began = performance.now();
    const head = bytes.toString('latin1', 0, headEnd);
    const id = TRACE.exec(head)?.[1];
    const request = id === undefined ? undefined : Number.parseInt(id, 16) - 1;
    if (head.startsWith('GET')) {
      socket.write(jsonAnswer('{"ok":true,"simulated":true}'));
      return;
    }
    const plan = plans[String(mode)]?.(request, began);
    if (plan === undefined) throw new Error(`no mode ${mode}`);
    const answer = jsonAnswer(plan.body);
    setTimeout(
      () => {
        socket.write(answer);
        plan.done?.(performance.now() - began);
      },
      began + plan.dueMs - performance.now(),
    );
  });
});
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('message', () => process.send?.(truth()));
process.on('disconnect', () => process.exit(0));
