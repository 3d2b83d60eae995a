import { describe, expect, it } from 'vitest';
import { isHopeless, readBootReport } from '../../../src/services/targets/gcp/boot/console.ts';

const said = (...lines: readonly string[]) =>
  readBootReport(
    lines.map((line) => `[  12.3] google_metadata_script_runner[9]: startup-script: ${line}\r\n`).join(''),
  );

const STAGE = 'chainctl-boot: stage: pulling the model phi3:mini';
const FAILED = 'chainctl-boot: failed: pulling the model phi3:mini: no such host';

describe('what a VM says while it boots', () => {
  it('is read from among everything else on its console', () => {
    const report = said(
      'Starting startup scripts.',
      'chainctl-boot: stage: looking for Docker',
      'Setting up docker.io',
      STAGE,
    );
    expect(report).toEqual({ stage: 'pulling the model phi3:mini', failures: 0, log: [] });
    expect(said().stage).toBeUndefined();
    expect(said(STAGE, 'chainctl-boot: ready: after 9 s').stage).toBeUndefined();
  });

  it('has the log of what failed beside the reason', () => {
    const report = said(STAGE, 'chainctl-boot: log: out of order', FAILED);
    expect(report).toMatchObject({ failed: 'pulling the model phi3:mini: no such host', log: ['out of order'] });
  });

  it('ends the wait when it stays failed, or failed again and again', () => {
    const failed = said(STAGE, FAILED);
    expect(isHopeless(undefined, failed)).toBe(false);
    expect(isHopeless(failed, failed)).toBe(true);
    const again = said(STAGE, FAILED, STAGE);
    expect(isHopeless(failed, again)).toBe(false);
    expect(isHopeless(again, said(STAGE, FAILED, STAGE, FAILED))).toBe(false);
    expect(isHopeless(again, said(STAGE, FAILED, STAGE, FAILED, STAGE, FAILED))).toBe(true);
  });
});
