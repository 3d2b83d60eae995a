import { resolve } from 'node:path';
import { remedy } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { createChainClient } from '../chain/client.ts';
import type { TokenOf } from '../chain/token.ts';
import { defined } from '../defined.ts';
import type { AgentTerms, ProxyOf } from '../dial/agents.ts';
import { findRun } from '../results/find-run.ts';
import type { ElasticSettings } from '../scaling/elastic-profile.ts';
import { hostProbe } from '../scaling/host-probe.ts';
import { type ElasticWatch, runElastic } from '../scaling/run-elastic.ts';
import type { GroupSource } from '../stack/group.ts';
import { checkForm, lostTokens, unaskedStream } from './discovery/check-form.ts';
import { findTarget } from './discovery/find-target.ts';
import { readGenerously } from './engine/http/read-generously.ts';
import { checkPromptLength } from './prompt-file.ts';
import { protocolOf } from './protocols/protocols.ts';
import { type ClaimDeps, claimRun, claimTag } from './record/claims.ts';
import { readRun } from './record/read-run.ts';
import { runSweep, type SweepDeps } from './sweep/run-sweep.ts';
import { resumedOptions, type SweepOptions, type TextFiles } from './sweep/sweep-options.ts';
import type { SweepReport } from './types.ts';
import { type FilesAgain, reopenWorkload } from './workload/reopen-workload.ts';
import { unsizedNotes } from './workload/unsized.ts';

/** A load as it is asked for: a new one, or a run that shall go on with the settings that it has. */
export type LoadRequest =
  | { readonly options: SweepOptions; readonly elastic?: ElasticLoad }
  | ({ readonly resume: string; readonly outFolder: string } & Pick<SweepOptions, 'prompt' | 'about' | 'template'> &
      TextFiles &
      FilesAgain);

/** A load that makes a group grow and shrink, and the group. */
export interface ElasticLoad {
  readonly settings: ElasticSettings;
  readonly watch: ElasticWatch;
  open(): Promise<GroupSource>;
}

export interface LoadDeps extends Pick<SweepDeps, 'clock' | 'signal' | 'control' | 'outputs' | 'bound' | 'ca'> {
  readonly emit: Emit;
  readonly tokenOf: TokenOf;
  /** Of every request, by lower-case names; may be secret: in no record. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Through which proxy an address is asked; default: none. */
  readonly proxyOf?: ProxyOf;
  /** Where loads that run say so. */
  readonly claims: ClaimDeps;
}

/**
 * Runs a load of this machine: takes its run's folder and its tag for this process, offers it, and gives them back.
 *
 * @throws RemedyError: exit 2 when the run cannot go on or another process writes it, and what {@link runSweep} throws
 */
export async function runLoad(request: LoadRequest, all: LoadDeps): Promise<SweepReport> {
  const { claims, tokenOf, headers: own = {}, ...deps } = all;
  const held: (() => Promise<void>)[] = [];
  const hold = async (folder: string) => void held.push(await claimRun(folder, claims));
  try {
    const asked = 'options' in request ? request.options : await oldRun(request, hold);
    const { targetUrl, timeoutSeconds, resume } = asked;
    checkHeaders(asked, own);
    const warn = (text: string) => deps.emit({ type: 'note', level: 'warn', text });
    for (const text of unsizedNotes(asked.workload, asked.data, asked.turns)) warn(text);
    if (resume !== undefined) {
      // The settings of a run are its own: no stack and no configuration changes where it goes.
      const text = `${resume.runId} goes on with its own settings, against ${targetUrl}`;
      deps.emit({ type: 'note', level: 'info', text });
    }
    const token = tokenOf(targetUrl);
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...own };
    const terms = { ...deps, timeoutMs: timeoutSeconds * 1000, tokenOf, generous: readGenerously };
    const client = createChainClient(terms);
    held.push(() => client.close());
    const commandLine = (asked.about.commandLine ?? []) as readonly string[];
    const found = resume === undefined ? await findTarget(asked, { ...deps, client, headers, commandLine }) : {};
    const names = Object.keys(own);
    const options = { ...asked, ...found, ...(names.length === 0 ? {} : { headerNames: names }) };
    const protocol = protocolOf(options);
    const form = { ...options, api: protocol.name };
    checkForm(form);
    // A probe tells whether the target streams unasked.
    const doubts = [lostTokens(form, options.data), options.probe === true ? undefined : unaskedStream(options)];
    for (const text of doubts) if (text !== undefined) warn(text);
    checkPromptLength(options.prompt, protocol);
    held.push(await claimTag({ ...options, outFolder: resolve(options.outFolder) }, claims));
    // Going on, it is held already.
    const onFolder = resume === undefined ? hold : undefined;
    const sweep = { ...deps, headers, ...defined({ client, onFolder, proxy: deps.proxyOf?.(targetUrl) }) };
    const elastic = 'options' in request ? request.elastic : undefined;
    const way = defined({ proxyOf: deps.proxyOf, ca: deps.ca });
    return await (elastic === undefined ? runSweep(options, sweep) : scale(options, elastic, sweep, way));
  } finally {
    await Promise.all(held.map((release) => release()));
  }
}

/** A run goes on as it began: what its requests carried then is not in its record, and has to be given again. */
function checkHeaders({ resume, headerNames = [] }: SweepOptions, headers: Readonly<Record<string, string>>): void {
  const missing = headerNames.filter((name) => headers[name] === undefined);
  if (resume === undefined || missing.length === 0) return;
  const fault = `the requests of ${resume.runId} carried ${missing.join(', ')}, and no record has the values`;
  throw remedy.usage('run-not-resumable', fault, ['give the same --header or --api-key-file as then']);
}

async function oldRun(
  { resume, outFolder, datasets, trace, ...texts }: Extract<LoadRequest, { resume: string }>,
  hold: (folder: string) => Promise<void>,
): Promise<SweepOptions> {
  const folder = await findRun(resume, outFolder);
  // Before it is read: what is still being written is not over.
  await hold(folder);
  const options = resumedOptions(await readRun(folder), texts);
  return { ...options, ...(await reopenWorkload(options.workload, defined({ datasets, trace }))) };
}

async function scale(options: SweepOptions, { settings, watch, open }: ElasticLoad, deps: SweepDeps, way: AgentTerms) {
  const source = await open();
  try {
    const probe = source.url === undefined ? undefined : hostProbe(source.url, way);
    return await runElastic(options, settings, watch, { ...deps, ...defined({ source, probe }) });
  } finally {
    await source.close?.();
  }
}
