import { randomInt } from 'node:crypto';
import { styleText } from 'node:util';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { requestHeaders } from '../config/request-headers.ts';
import { givenUrls } from '../config/service-urls.ts';
import { modelServer, smokeFlags } from '../config/smoke-flags.ts';
import { ExitCode } from '../errors.ts';
import { chainTokens, endpointsOf, wayOut } from '../operator.ts';
import { redacted } from '../redacted.ts';
import { systemClock } from '../runtime.ts';
import { createChainClient } from '../services/chain/client.ts';
import { defined } from '../services/defined.ts';
import { readGenerously } from '../services/load/engine/http/read-generously.ts';
import { junitOf, prepareReportFile, writeReportFile } from '../services/smoke/junit-file.ts';
import { runModelSmoke } from '../services/smoke/model-smoke.ts';
import { runSmoke, type SmokeDeps } from '../services/smoke/run-smoke.ts';
import { smokeTarget, smokeTargets } from '../services/smoke/targets.ts';
import { formatSmokeReport } from '../ui/format/check.ts';
import { formatModelSmoke } from '../ui/format/model-smoke.ts';
import type { Paint } from '../ui/format/text.ts';

export default class Smoke extends BaseCommand<typeof Smoke> {
  static override summary = 'check that the chain works, or that a server of a model answers';
  static override description = `Without --target and --b-url the deployed stack is checked.
With --api or --model, or a URL such as .../v1/chat/completions, a server of a model is asked for a few streamed answers instead: status, first token, tokens.
Exits 8 when a check fails. Skipped checks are counted, and do not fail the run.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --b-url http://127.0.0.1:8002',
    '<%= config.bin %> <%= command.id %> --api openai-chat --target http://127.0.0.1:8000 --count 3',
    '<%= config.bin %> <%= command.id %> --junit reports/smoke.xml --timeout 3m',
  ];
  static override flags = smokeFlags;

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { timeout, junit, 'token-file': tokenFile, 'ca-file': caFile } = this.flags;
    if (junit !== undefined) await prepareReportFile(junit);
    const server = modelServer(this.flags, this.argv);
    const tokenOf = await chainTokens(this.stack, tokenFile);
    const terms = { clock: systemClock, timeoutMs: timeout * 1000, signal, tokenOf, generous: readGenerously };
    const client = createChainClient({ ...terms, ...(await wayOut(caFile)) });
    const deps = { client, clock: systemClock, emit, signal };
    const width = Math.min(100, process.stdout.columns || 80);
    try {
      const { report, text } = await (server === undefined ? this.chain(deps) : this.model(server, deps));
      if (junit !== undefined) await writeReportFile(junit, junitOf(report, systemClock.now()));
      const exit = report.failed > 0 ? ExitCode.checkFailed : ExitCode.ok;
      return {
        result: report,
        text: text(width, (format, words) => styleText(format, words, { stream: process.stdout })),
        exit,
      };
    } finally {
      await client.close();
    }
  }

  private async chain(deps: SmokeDeps) {
    const { target, timeout, 'min-process-seconds': minProcessSeconds } = this.flags;
    const named = defined({ urls: givenUrls(this.flags), service: smokeTarget(target).service, minProcessSeconds });
    const targets = await smokeTargets(this.stack, named, () => endpointsOf(this.stack));
    const report = await runSmoke({ ...targets, timeoutSeconds: timeout, seed: randomInt(0xffff_ffff) }, deps);
    return { report, text: (width: number, paint: Paint) => formatSmokeReport(report, width, paint) };
  }

  private async model(targetUrl: string, deps: SmokeDeps) {
    const { api, model, count, timeout, 'max-tokens': maxTokens, 'max-tokens-field': maxTokensField } = this.flags;
    const headers = await requestHeaders(this.flags, process.env);
    const options = { targetUrl, count, timeoutSeconds: timeout, seed: randomInt(0xffff_ffff) };
    const commandLine = ['smoke', ...redacted(this.argv)];
    const report = await runModelSmoke(
      { ...options, ...defined({ api, model, maxTokens, maxTokensField }) },
      { ...deps, headers, commandLine, flags: Object.keys({ ...Smoke.baseFlags, ...Smoke.flags }) },
    );
    return { report, text: (width: number, paint: Paint) => formatModelSmoke(report, width, paint) };
  }
}
