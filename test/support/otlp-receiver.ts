import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface SeriesPoint {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Of a sum or gauge. */
  readonly value?: number;
  /** Of a histogram. */
  readonly count?: number;
  readonly sum?: number;
  readonly buckets?: readonly number[];
  readonly bounds?: readonly number[];
}

export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly cumulative: boolean;
  readonly monotonic: boolean;
  readonly points: readonly SeriesPoint[];
}

/** One request of the exporter, read with the field numbers of opentelemetry-proto's metrics.proto. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly resource: SeriesPoint['attributes'];
  readonly metrics: Readonly<Record<string, ReceivedMetric>>;
}

/** A collector for one test: a real HTTP server that reads protobuf by itself, independent of the sender's library. */
export async function otlpReceiver(): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, ...readRequest(Buffer.concat(parts)) });
      response.setHeader('content-type', 'application/x-protobuf');
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function readRequest(bytes: Buffer): Pick<Received, 'resource' | 'metrics'> {
  const resourceMetrics = fields(fields(bytes).bytes(1)[0]);
  const metrics = resourceMetrics
    .bytes(2)
    .flatMap((scope) => fields(scope).bytes(2))
    .map(readMetric);
  return {
    resource: attributesOf(fields(resourceMetrics.bytes(1)[0]).bytes(1)),
    metrics: Object.fromEntries(metrics.map((metric) => [metric.name, metric])),
  };
}

function readMetric(bytes: Buffer): ReceivedMetric {
  const metric = fields(bytes);
  const [number, kind] = (
    [
      [5, 'gauge'],
      [7, 'sum'],
      [9, 'histogram'],
    ] as const
  ).find(([each]) => metric.bytes(each).length > 0) ?? [0, 'gauge'];
  const data = fields(metric.bytes(number)[0]);
  return {
    name: metric.text(1),
    unit: metric.text(3),
    kind,
    cumulative: data.numbers(2)[0] === 2n,
    monotonic: data.numbers(3)[0] === 1n,
    points: data.bytes(1).map(kind === 'histogram' ? readHistogram : readNumber),
  };
}

function readNumber(bytes: Buffer): SeriesPoint {
  const point = fields(bytes);
  const [asInt] = point.fixed(6);
  const value = asInt === undefined ? point.fixed(4)[0]?.readDoubleLE() : Number(asInt.readBigInt64LE());
  return { attributes: attributesOf(point.bytes(7)), value: value ?? 0 };
}

function readHistogram(bytes: Buffer): SeriesPoint {
  const point = fields(bytes);
  return {
    attributes: attributesOf(point.bytes(9)),
    count: Number(point.fixed(4)[0]?.readBigUInt64LE() ?? 0n),
    sum: point.fixed(5)[0]?.readDoubleLE() ?? 0,
    buckets: eights(point.bytes(6)).map((each) => Number(each.readBigUInt64LE())),
    bounds: eights(point.bytes(7)).map((each) => each.readDoubleLE()),
  };
}

function attributesOf(pairs: readonly Buffer[]): SeriesPoint['attributes'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const value = fields(fields(pair).bytes(2)[0]);
      const [flag] = value.numbers(2);
      const [whole] = value.numbers(3);
      const [real] = value.fixed(4);
      const known = flag === undefined ? (whole === undefined ? real?.readDoubleLE() : Number(whole)) : flag === 1n;
      return [fields(pair).text(1), known ?? value.text(1)];
    }),
  );
}

/** A packed field, as pieces of eight bytes. */
function eights(packed: readonly Buffer[]): Buffer[] {
  const all = Buffer.concat(packed);
  return Array.from({ length: all.length / 8 }, (_, i) => all.subarray(i * 8, i * 8 + 8));
}

/** The fields of one protobuf message by their numbers. */
function fields(message: Buffer = Buffer.alloc(0)) {
  const found: { readonly number: number; readonly value: Buffer | bigint; readonly fixed: boolean }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = Number(varint());
    const [number, wire] = [key >> 3, key & 7];
    if (wire === 0) found.push({ number, value: varint(), fixed: false });
    else if (wire === 1) found.push({ number, value: take(8), fixed: true });
    else if (wire === 2) found.push({ number, value: take(Number(varint())), fixed: false });
    else if (wire === 5) found.push({ number, value: take(4), fixed: true });
    else throw new Error(`not protobuf: wire type ${wire}`);
  }
  const of = (number: number) => found.filter((field) => field.number === number);
  const bytes = (number: number) =>
    of(number).flatMap(({ value, fixed }) => (typeof value === 'bigint' || fixed ? [] : [value]));
  return {
    bytes,
    fixed: (number: number) => of(number).flatMap(({ value, fixed }) => (fixed ? [value as Buffer] : [])),
    numbers: (number: number) => of(number).flatMap(({ value }) => (typeof value === 'bigint' ? [value] : [])),
    text: (number: number) => bytes(number)[0]?.toString() ?? '',
  };
}
