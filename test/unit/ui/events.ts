import type { PointSummary, SweepPlan, SweepTick } from '../../../src/services/load/types.ts';

export const plan: SweepPlan = {
  runId: 'r',
  tag: 'aws',
  targetUrl: 'http://127.0.0.1:8001/chain',
  simulated: true,
  rates: [1, 50],
  durationSeconds: 10,
  warmupSeconds: 2,
  timeoutSeconds: 180,
  drainSeconds: 120,
  totalRequests: 1234,
  warmupRequests: 102,
  maxInFlight: 10_000,
  estimateSeconds: 24,
};

export const tick: SweepTick = {
  index: 1,
  rate: 50,
  phase: 'measure',
  elapsedSeconds: 5,
  phaseSeconds: 10,
  scheduled: 250,
  sent: 250,
  ok: 12,
  failed: 3,
  inFlight: 235,
  sentPerSecond: 49.8,
  etaSeconds: 125,
};

/** A tick as the statistics fill it. */
export const fullTick: SweepTick = {
  ...tick,
  response: { p50: 340.4, p90: 812, p95: 1240, p99: 65_000 },
  lateness: { p50: 0.051, p90: 0.09, p95: 0.11, p99: 1.444 },
  errorsByClass: { ECONNRESET: 1, '503': 2 },
  hosts: { 'b-2': 4, 'b-10': 2, 'b-1': 6 },
  responseHistory: [0, 100, 200, 400, 800],
};

export const point: PointSummary = {
  index: 0,
  rate: 50,
  status: 'complete',
  validity: 'valid',
  durationSeconds: 10,
  startedAt: '2026-01-01T00:00:00.000Z',
  scheduled: 500,
  sent: 500,
  dropped: 0,
  outcomes: { ok: 18, http_error: 2, transport_error: 0, timeout: 480, invalid: 0, incomplete: 0 },
  errorsByClass: {},
  sentRps: 50,
  okRps: 50,
  servedRps: 1.8,
  peakInFlight: 482,
  newConnections: 482,
  generatorCores: 0.1,
  response: { p50: 12_000, p90: 40_000, p95: 46_234, p99: 70_000, mean: 20_000, max: 80_000, count: 500, ci: {} },
  hosts: {},
  perRequestCsv: 'x.csv',
};
