import { Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { otlpFlag } from '../../../src/config/flags.ts';

const parsed = async (text: string) => {
  const { flags } = await Parser.parse([`--otlp=${text}`], { flags: { otlp: otlpFlag() } });
  return flags.otlp;
};

describe('--otlp', () => {
  it.each([
    ['http://127.0.0.1:4318', 'http://127.0.0.1:4318/v1/metrics'],
    ['https://collector.example/', 'https://collector.example/v1/metrics'],
    ['http://127.0.0.1:9090/api/v1/otlp/v1/metrics', 'http://127.0.0.1:9090/api/v1/otlp/v1/metrics'],
    ['http://127.0.0.1:4318/tenant/', 'http://127.0.0.1:4318/tenant/'],
  ])('%s posts to %s', async (typed, url) => {
    expect(await parsed(typed)).toBe(url);
  });

  it.each([
    ['127.0.0.1:4318', /is not an http or https URL: write for example http:\/\/127\.0\.0\.1:4318/],
    ['grpc://127.0.0.1:4317', /is not an http or https URL/],
    ['http://me:s3cret@collector.example', /must not carry a user name or password/],
    ['http://collector.example/v1/metrics?key=s3cret', /put keys into OTEL_EXPORTER_OTLP_HEADERS/],
  ])('%s is refused, and no secret is repeated', async (typed, message) => {
    const refusal = await parsed(typed).then(String, (error: Error) => error.message);
    expect(refusal).toMatch(message);
    expect(refusal).not.toContain('s3cret');
  });
});
