import { expect, test } from 'vitest';
import { ANSWER, type Outcome, pointOf, readCsv, refusingUrl, serve, sweep } from './lab.ts';

/** Every request is somewhere, in the figures and in the file. */
async function expectConserved(outcome: Outcome): Promise<void> {
  for (const point of outcome.report.points) {
    const ended = Object.values(point.outcomes).reduce((sum, count) => sum + count, 0);
    expect(point.scheduled).toBe(point.sent + point.dropped);
    expect(ended).toBe(point.sent);
    const rows = await readCsv(point.perRequestCsv);
    expect(rows).toHaveLength(point.sent);
    expect(new Set(rows.map((row) => row.request)).size).toBe(point.sent);
    expect(rows.filter((row) => row.ok === '1')).toHaveLength(point.outcomes.ok);
  }
}

test('a server of known latency: rates, percentiles, hosts, files as the contract has them', async () => {
  const prompts = new Set<string>();
  let n = 0;
  const { url } = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      prompts.add(JSON.parse(body).prompt);
      const answer = ANSWER.replace('b-1', n++ % 4 === 0 ? 'b-2' : 'b-1');
      setTimeout(() => response.end(answer), 50);
    });
  });
  const outcome = await sweep(url, { rates: [20, 100] });
  await expectConserved(outcome);
  const { report, events, out } = outcome;
  expect(report.status).toBe('complete');
  expect(report.points.map(({ scheduled, outcomes }) => [scheduled, outcomes.ok])).toEqual([
    [12, 12],
    [60, 60],
  ]);
  // 2 + 10 of them were warm-up.
  expect(prompts.size).toBe(12 + 60 + 2 + 10);
  expect([...prompts].every((prompt) => [...prompt].length >= 1000)).toBe(true);
  const fast = report.points[1];
  expect(fast).toMatchObject({ rate: 100, sentRps: 100, okRps: 100 });
  expect(fast?.response?.p50).toBeGreaterThan(49);
  expect(fast?.response?.p50).toBeLessThan(150);
  expect(Object.keys(fast?.hosts ?? {}).sort()).toEqual(['b-1', 'b-2']);
  expect(report.summaryCsv).toBe(`${out}/lab_summary.csv`);
  const summary = await readCsv(report.summaryCsv);
  expect(summary.map((row) => [row.rps_target, row.sent, row.ok, row.err_pct, row.per_request_csv])).toEqual([
    ['20', '12', '12', '0.00', `${out}/lab_invoke_rps20.csv`],
    ['100', '60', '60', '0.00', `${out}/lab_invoke_rps100.csv`],
  ]);
  const [row] = await readCsv(`${out}/lab_invoke_rps20.csv`);
  expect(Object.keys(row ?? {}).slice(0, 5)).toEqual(['rps_target', 'ok', 'status', 'latency_ms', 'error']);
  expect(row).toMatchObject({ rps_target: '20', ok: '1', status: '200', error: '', ollama_seconds: '0.1' });
  expect(row?.latency_ms).toMatch(/^\d+\.\d{3}$/);
  const kinds = new Set(events.map(({ type }) => type));
  expect([...kinds]).toEqual(['sweep-started', 'sweep-tick', 'point-done']);
});

test('the schedule is absolute: each request is intended at i/L and none is early', async () => {
  const { url } = await serve((request, response) => request.resume().on('end', () => response.end(ANSWER)));
  const outcome = await sweep(url, { rates: [333] });
  const rows = await readCsv(pointOf(outcome).perRequestCsv);
  expect(rows).toHaveLength(200);
  for (const row of rows) {
    expect(Number(row.intended_ms)).toBeCloseTo((Number(row.request) * 1000) / 333, 2);
    expect(Number(row.lateness_ms)).toBeGreaterThanOrEqual(0);
  }
});

test('nobody listens: refused, counted, and no reason to hang', async () => {
  const outcome = await sweep(await refusingUrl(), { preflight: false, rates: [500] });
  await expectConserved(outcome);
  expect(pointOf(outcome)).toMatchObject({ outcomes: { transport_error: 300 }, errorsByClass: { ECONNREFUSED: 300 } });
  expect(pointOf(outcome)).not.toHaveProperty('response');
});

test('nobody listens, with preflight: exit 5 before anything is written', async () => {
  const outFolder = '/tmp/chainctl-never-made';
  await expect(sweep(await refusingUrl(), { outFolder })).rejects.toMatchObject({
    exit: 5,
    message: expect.stringMatching(/^nothing listens at 127\.0\.0\.1:\d+ \(connection refused\)$/),
  });
  await expect(readCsv(`${outFolder}/lab_summary.csv`)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a port that browsers refuse is a port like any other', async () => {
  // X11's, where nobody listens on a server.
  await expect(sweep('http://127.0.0.1:6000/invoke')).rejects.toMatchObject({
    message: expect.stringContaining('127.0.0.1:6000'),
  });
});

test('a name that does not resolve is what every request meets', async () => {
  const outcome = await sweep('http://nowhere.invalid/invoke', { preflight: false, rates: [50] });
  await expectConserved(outcome);
  const { outcomes, errorsByClass } = pointOf(outcome);
  expect(outcomes.transport_error).toBe(30);
  // The second where the machine has no resolver to ask.
  expect(Object.keys(errorsByClass)).toEqual([expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)]);
  await expect(sweep('http://nowhere.invalid/invoke')).rejects.toMatchObject({
    exit: 5,
    message: 'the name in nowhere.invalid cannot be resolved',
    nextSteps: expect.arrayContaining([expect.stringContaining('spelling')]),
  });
});

test('connections that are reset or closed in the middle', async () => {
  let n = 0;
  const { url } = await serve((request, response) => {
    const which = n++ % 3;
    if (which === 0) request.socket.resetAndDestroy();
    else if (which === 1) {
      response.writeHead(200, { 'content-length': '1000' }).write('half');
      setImmediate(() => request.socket.destroy());
    } else response.end(ANSWER);
  });
  const outcome = await sweep(url);
  await expectConserved(outcome);
  const { outcomes, errorsByClass } = pointOf(outcome);
  expect(outcomes.transport_error).toBeGreaterThanOrEqual(39);
  expect(outcomes.ok).toBeGreaterThanOrEqual(19);
  expect(Object.keys(errorsByClass)).toContain('connection-closed');
});

test('answers that never come: timed out, and their sockets are free again', async () => {
  const lab = await serve((request) => void request.resume());
  const outcome = await sweep(lab.url, { timeoutSeconds: 0.3, durationSeconds: 3, preflight: false });
  await expectConserved(outcome);
  expect(pointOf(outcome)).toMatchObject({
    outcomes: { timeout: pointOf(outcome).sent },
    errorsByClass: { timeout: pointOf(outcome).sent },
  });
  const rows = await readCsv(pointOf(outcome).perRequestCsv);
  for (const row of rows) expect(Number(row.service_ms)).toBeGreaterThanOrEqual(300);
  // 30 at a time is what 100 per second and 0.3 s allow, more where they are late; without freeing all 310 were open.
  expect(pointOf(outcome).peakInFlight).toBeLessThan(200);
  await expect.poll(() => lab.sockets.size).toBe(0);
});

test('a bounded request includes its body: one that drips for ever is a timeout', async () => {
  const { url } = await serve((request, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(' '), 20);
    request.socket.once('close', () => clearInterval(drip));
  });
  const outcome = await sweep(url, { timeoutSeconds: 0.3, rates: [20] });
  await expectConserved(outcome);
  expect(pointOf(outcome).outcomes.timeout).toBe(12);
});

test('still open when the drain ends: incomplete, in the figures and in the file', async () => {
  const { url } = await serve((request) => void request.resume());
  const outcome = await sweep(url, { drainSeconds: 0.3 });
  await expectConserved(outcome);
  expect(pointOf(outcome).outcomes.incomplete).toBe(60);
  const [summary] = await readCsv(outcome.report.summaryCsv);
  expect(summary).toMatchObject({ sent: '60', completed: '0', ok: '0', errors: '60', err_pct: '100.00' });
});

test('a 200 that is not the contract is invalid; other statuses are errors with their detail', async () => {
  const answers: [number, string][] = [
    [200, '<html>hello</html>'],
    [200, '{"llm_text":"x"}'],
    [503, '{"detail":"overloaded"}'],
    [200, 'x'.repeat(2 << 20)],
    [200, ANSWER],
  ];
  let n = 0;
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      const [status, text] = answers[n++ % 5] as [number, string];
      response.writeHead(status).end(text);
    });
  });
  const outcome = await sweep(url, { rates: [50], warmupSeconds: 0 });
  await expectConserved(outcome);
  expect(pointOf(outcome)).toMatchObject({
    outcomes: { ok: 6, invalid: 18, http_error: 6 },
    errorsByClass: { 503: 6, 'not-json': 6, 'not-the-contract': 6, 'too-long': 6 },
  });
  const rows = await readCsv(pointOf(outcome).perRequestCsv);
  expect(rows.find((row) => row.status === '503')?.error).toBe('HTTP 503: overloaded');
});

test('a server that stalls: the wait shows, because time counts from when each request was due', async () => {
  let began: number | undefined;
  const { url } = await serve((request, response) => {
    began ??= performance.now();
    const at = performance.now() - began;
    const stall = at > 600 && at < 1400 ? 1400 - at : 0;
    request.resume().on('end', () => setTimeout(() => response.end(ANSWER), stall));
  });
  const outcome = await sweep(url, { rates: [200], durationSeconds: 2 });
  await expectConserved(outcome);
  const { response, outcomes, sent } = pointOf(outcome);
  expect(outcomes.ok).toBe(sent);
  // 0.8 s of 2 s: about 40 % of all requests wait 0.4 s on average.
  expect(response?.p90).toBeGreaterThan(300);
});

test('beyond the bound of requests in flight they are dropped and counted, and the point is not valid', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end(ANSWER), 300));
  });
  const outcome = await sweep(url, { maxInFlight: 5 });
  await expectConserved(outcome);
  const point = pointOf(outcome);
  expect(point.dropped).toBeGreaterThan(20);
  expect(point.peakInFlight).toBe(5);
  expect(point.validity).toMatch(/^invalid: client-limited \(\d+ dropped at 5 in flight; .* % of the schedule sent/);
  expect(outcome.events.some((event) => event.type === 'note' && event.level === 'warn')).toBe(true);
});

test('keep-alive that ends between two requests is a new connection, not an error', async () => {
  const { url, server } = await serve((request, response) => request.resume().on('end', () => response.end(ANSWER)));
  server.keepAliveTimeout = 1;
  server.keepAliveTimeoutBuffer = 0;
  const outcome = await sweep(url, { rates: [200], durationSeconds: 2 });
  await expectConserved(outcome);
  // A request that meets the closing socket on the wire is a true error, and rare.
  expect(pointOf(outcome).outcomes.ok).toBeGreaterThan(380);
  expect(pointOf(outcome).errorsByClass).not.toHaveProperty('UND_ERR_DESTROYED');
  expect(pointOf(outcome).newConnections).toBeGreaterThan(50);
});

test('a server that closes after every answer', async () => {
  const { url } = await serve((request, response) => {
    response.setHeader('connection', 'close');
    request.resume().on('end', () => response.end(ANSWER));
  });
  const outcome = await sweep(url, { rates: [200] });
  await expectConserved(outcome);
  const { outcomes, sent, newConnections } = pointOf(outcome);
  expect(outcomes.ok).toBe(sent);
  // With those of the warm-up.
  expect(newConnections).toBeGreaterThanOrEqual(sent);
});
