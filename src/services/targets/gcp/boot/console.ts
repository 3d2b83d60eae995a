import { ExitCode } from '../../../../errors.ts';
import type { ResourceContext } from '../../../stack/resource.ts';
import type { Compute } from '../compute.ts';
import type { ManagedInstance } from '../compute-calls.ts';
import { GcpError } from '../errors.ts';
import { shortName } from '../names.ts';

/** What a VM's boot script has said on the serial console. */
export interface BootReport {
  /** What it does, or did last: `pulling the model phi3:mini`. */
  readonly stage?: string | undefined;
  /** Why it gave up, when that is the last that it said. */
  readonly failed?: string | undefined;
  /** How often it gave up. */
  readonly failures: number;
  /** The end of the log of what did not start, oldest first. */
  readonly log: readonly string[];
}

const LINE = /chainctl-boot: (stage|failed|ready|log): ?([^\r\n]*)/g;
/** A unit that failed is started again by itself; a startup script is not. */
const GIVE_UP = 3;
const LOOK_MS = 10_000;
/** Where many boot at once, they do the same. */
const LOOKED_AT = 3;

/** Reads what `templates/boot/serve.sh` writes, whatever stands around it. Pure. */
export function readBootReport(console: string): BootReport {
  let report: BootReport = { failures: 0, log: [] };
  for (const [, what, text = ''] of console.matchAll(LINE)) {
    const { stage, failures, log } = report;
    if (what === 'log') report = { ...report, log: [...log, text].slice(-15) };
    else if (what === 'failed') report = { stage, failures: failures + 1, failed: text, log };
    else report = { stage: what === 'stage' ? text : undefined, failures, log: report.failed === undefined ? log : [] };
  }
  return report;
}

/** Whether waiting longer is of use: it gave up and stays so, or gave up again and again. Pure. */
export function isHopeless(before: BootReport | undefined, now: BootReport): boolean {
  if (now.failed === undefined) return false;
  return now.failures >= GIVE_UP || (before?.failed !== undefined && before.failures === now.failures);
}

/**
 * Looks now and then at the consoles of VMs that do not serve yet.
 *
 * @returns tells what they are at, for a person; empty where they say nothing. Throws GcpError (exit 5) when one has given
 *   up, with its own words
 */
export function bootWatch(compute: Compute) {
  const reports = new Map<string, BootReport>();
  let told = '';
  // What is quickly there needs no look at its console.
  let due: number | undefined;
  return async (instances: readonly ManagedInstance[], context: ResourceContext): Promise<string> => {
    const now = context.clock.monotonic();
    due ??= now + LOOK_MS;
    if (now < due) return told;
    due = now + LOOK_MS;
    const booting = instances.filter(({ instanceStatus }) => instanceStatus === 'RUNNING').slice(0, LOOKED_AT);
    const texts = await Promise.all(booting.map((each) => describe(each, context)));
    told = texts.filter((text) => text !== '').join('; ');
    return told;
  };

  async function describe({ instance }: ManagedInstance, { signal }: ResourceContext): Promise<string> {
    const name = shortName(instance);
    const zone = /\/zones\/([^/]+)\//.exec(instance ?? '')?.[1] ?? compute.zone;
    const input = { instance: name, zone, port: 1 };
    // One that is gone meanwhile, or a console that may not be read, is no reason to give up.
    const answer = await compute.read('instances.getSerialPortOutput', input, signal).catch(() => undefined);
    signal.throwIfAborted();
    const report = readBootReport(answer?.contents ?? '');
    if (isHopeless(reports.get(name), report)) throw bootFailed(name, report);
    reports.set(name, report);
    return report.stage === undefined ? '' : `${name} is ${report.stage}`;
  }
}

function bootFailed(name: string, { failed, log }: BootReport): GcpError {
  const lines = log.map((line) => `  | ${line.slice(0, 300)}`);
  return new GcpError([`service B does not start on ${name}: ${failed}`, ...lines].join('\n'), 'BOOT_FAILED', {
    code: 'gcp-boot-failed',
    exit: ExitCode.unhealthy,
    nextSteps: [
      `inspect it: chainctl ssh b ${name}, then: sudo journalctl -u chainctl-serve -u google-startup-scripts`,
      'correct what the message names, then run deploy again',
    ],
  });
}
