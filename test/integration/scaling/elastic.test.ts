import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExitCode, RemedyError } from '../../../src/errors.ts';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { resumedOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import { reportRun } from '../../../src/services/results/write-report.ts';
import type { ElasticSettings } from '../../../src/services/scaling/elastic-profile.ts';
import { hostProbe } from '../../../src/services/scaling/host-probe.ts';
import { readTimeline } from '../../../src/services/scaling/read-timeline.ts';
import { type ElasticOptions, runElastic } from '../../../src/services/scaling/run-elastic.ts';
import type { GroupSample, GroupSource } from '../../../src/services/stack/group.ts';

/** A group that has as many hosts as the load needs, one more or less a second, at one per two requests a second. */
class GrowingGroup implements GroupSource {
  readonly name = 'growing';
  readonly #server: Server;
  #arrivals: number[] = [];
  #size = 1;
  #changedAt = 0;
  #turn = 0;
  failing: RemedyError | undefined;

  private constructor() {
    this.#server = createServer((incoming, outgoing) => {
      incoming.resume();
      incoming.on('end', () => {
        const host = `b-${(this.#turn++ % this.#size) + 1}`;
        if (incoming.url !== '/health') this.#arrivals.push(Date.now());
        const timing = { ollama_seconds: 0.001, total_seconds: 0.002 };
        const invoke = { service: 'b', model: 'm', llm_text: 'x', timing, host };
        const body = incoming.url === '/health' ? { ok: true, service: 'b', host } : invoke;
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<GrowingGroup> {
    const group = new GrowingGroup();
    await new Promise<void>((done) => group.#server.listen(0, '127.0.0.1', done));
    return group;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async sample(): Promise<GroupSample> {
    if (this.failing !== undefined) throw this.failing;
    const now = Date.now();
    this.#arrivals = this.#arrivals.filter((at) => now - at < 2000);
    const wanted = Math.min(3, Math.max(1, Math.ceil(this.#arrivals.length / 2 / 2)));
    if (wanted !== this.#size && now - this.#changedAt > 1000) {
      this.#size += Math.sign(wanted - this.#size);
      this.#changedAt = now;
    }
    const instances = Array.from({ length: this.#size }, (_, index) => ({
      ...{ name: `b-${index + 1}`, stage: 'serving' as const },
    }));
    const autoscaler = { status: 'ACTIVE', recommendedSize: wanted, min: 1, max: 3, details: [] };
    return {
      at: now,
      targetSize: this.#size,
      stable: wanted === this.#size,
      instances,
      autoscaler,
      healthKnown: true,
      errors: [],
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

let group: GrowingGroup;
let out: string;
const abort = { controller: new AbortController() };
beforeEach(async () => {
  group = await GrowingGroup.start();
  out = await mkdtemp(join(tmpdir(), 'chainctl-elastic-'));
  abort.controller = new AbortController();
});
afterEach(async () => {
  await group.close();
  await rm(out, { recursive: true, force: true });
});

const settings: ElasticSettings = {
  ...{ lowRps: 1, maxRps: 16, factor: 2, holdSeconds: 2, growSeconds: 30, scaleInSeconds: 30 },
};

async function run(own: Partial<ElasticSettings> = {}, onEvent: (event: Event) => void = () => {}) {
  const { signal } = abort.controller;
  const client = createChainClient({ clock: systemClock, timeoutMs: 5000, signal });
  const options: ElasticOptions = {
    targetUrl: `${group.url}/invoke`,
    tag: 'test',
    outFolder: out,
    ...{ durationSeconds: 1, warmupSeconds: 0, timeoutSeconds: 5, drainSeconds: 5 },
    prompt: 'p'.repeat(1200),
    seed: 1,
    preflight: true,
    about: {},
  };
  const events: Event[] = [];
  const emit = (event: Event) => {
    events.push(event);
    onEvent(event);
  };
  try {
    const deps = { clock: systemClock, client, emit, signal, source: group, probe: hostProbe(group.url, {}) };
    const report = await runElastic(options, { ...settings, ...own }, { intervalSeconds: 0.5 }, deps);
    return { report, events };
  } finally {
    await client.close();
  }
}

/** What a process leaves that was killed while its last point was measured. */
async function killedInLastPoint(folder: string): Promise<void> {
  const [points, manifest] = [join(folder, 'points.jsonl'), join(folder, 'manifest.json')];
  const lines = (await readFile(points, 'utf8')).trimEnd().split('\n');
  await writeFile(points, `${lines.slice(0, -1).join('\n')}\n`);
  const { plan, endedAt: _, knee: __, elastic: ___, ...rest } = JSON.parse(await readFile(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...rest, plan: { ...plan, rates: [1, 16] }, status: 'running' }));
}

describe('an elastic load', () => {
  it('makes the group grow to its maximum and shrink again, all in one run', async () => {
    const { report, events } = await run();
    expect(report).toMatchObject({
      status: 'complete',
      elastic: { group: 'growing', startSize: 1, peakSize: 3, endSize: 1, size: 3, scaledIn: true },
    });
    expect(report.knee).toBeUndefined();
    expect(report.elastic?.phases.map(({ name }) => name)).toEqual([
      ...['low rate', 'stepping up', 'holding', 'waiting for scale-in'],
    ]);
    for (const { scheduled, sent, dropped, outcomes } of report.points) {
      expect(scheduled).toBe(sent + dropped);
      expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(sent);
    }
    // The same rate again is a file of its own.
    const files = report.points.map(({ perRequestCsv }) => perRequestCsv);
    expect(new Set(files).size).toBe(files.length);
    for (const file of files) await readFile(file, 'utf8');

    const timeline = await readTimeline(report.runFolder);
    const loads = timeline?.samples.flatMap(({ load }) => load?.offeredRps ?? []) ?? [];
    expect(Math.max(...loads)).toBeGreaterThanOrEqual(4);
    expect(timeline?.samples.some(({ hosts }) => hosts.length === 3)).toBe(true);
    expect(events.filter(({ type }) => type === 'watch-started' || type === 'watch-ended')).toHaveLength(2);

    const scaling = (await reportRun(report.runFolder, () => {})).run?.scaling;
    expect(scaling?.figures.scaleOuts.length).toBeGreaterThan(0);
    expect(scaling?.figures.scaleIns.length).toBeGreaterThan(0);
    const html = await readFile(join(report.runFolder, 'report.html'), 'utf8');
    expect(html).toContain('1 → 3 → 1');

    const again = await readRun(report.runFolder);
    expect(again.report).toMatchObject({ status: 'complete', elastic: { peakSize: 3 } });
    expect(again.points).toHaveLength(report.points.length);
    await killedInLastPoint(report.runFolder);
    const left = await readRun(report.runFolder);
    expect(left.points.map(({ rate }) => rate)).toEqual(report.points.map(({ rate }) => rate));
    expect(left.points.at(-1)).toMatchObject({ status: 'interrupted', index: report.points.length - 1 });
    expect(left.report.knee).toBeUndefined();
    expect(() => resumedOptions(again, { prompt: 'p'.repeat(1200), about: {} })).toThrow('it is an elastic one');
  });

  it('is bounded where the group never gets there', async () => {
    const { report } = await run({ size: 9, maxRps: 4, growSeconds: 3, scaleInSeconds: 6 });
    expect(report.status).toBe('complete');
    expect(report.elastic).toMatchObject({ size: 9, scaledIn: true });
    expect(Math.max(...report.points.map(({ rate }) => rate))).toBe(4);
    expect(report.elastic?.phases.find(({ name }) => name === 'holding')?.why).toMatch(/of 9 serve after 3 s/);
  });

  it('that is interrupted keeps what it has, and the watch beside it ends', async () => {
    const { report } = await run({}, (event) => {
      if (event.type === 'point-done' && event.point.index === 2) abort.controller.abort();
    });
    expect(report.status).toBe('interrupted');
    expect(report.elastic?.scaledIn).toBeUndefined();
    expect(report.points.length).toBeGreaterThanOrEqual(3);
    expect((await readTimeline(report.runFolder))?.samples.length).toBeGreaterThan(1);
  });

  it('ends when its group can no longer be seen, and says why', async () => {
    const expired = new RemedyError('the credentials have expired', { code: 'x', exit: ExitCode.configuration });
    const { report } = await run({}, (event) => {
      if (event.type === 'point-done' && event.point.index === 1) group.failing = expired;
    });
    expect(report).toMatchObject({
      status: 'interrupted',
      problem: 'the group can no longer be seen: the credentials have expired',
    });
  });

  it('offers nothing to a group that cannot be seen', async () => {
    group.failing = new RemedyError('no such group', { code: 'x', exit: ExitCode.configuration });
    await expect(run()).rejects.toThrow('no such group');
  });
});
