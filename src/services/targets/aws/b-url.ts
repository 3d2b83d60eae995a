import { ExitCode, RemedyError } from '../../../errors.ts';
import { serviceBase } from '../../chain/urls.ts';

/**
 * Where A sends its second step: what the operator names, else the stack's own GCP side.
 *
 * @returns base URL without a path
 * @throws RemedyError (exit 2) when there is neither, or when it is this machine, which a VM cannot reach
 */
export function chooseB(sources: { readonly flag?: string | undefined; readonly gcp?: string | undefined }): string {
  const given = sources.flag ?? sources.gcp;
  if (given === undefined) {
    throw usage('service A needs a B to send its second step to, and this stack has none on GCP', [
      'deploy it first: chainctl deploy gcp',
      'or name one that runs: --b-url http://198.51.100.9',
    ]);
  }
  const { hostname } = new URL(given);
  if (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')) {
    throw usage(`--b-url ${given} is this machine, which the VM cannot reach`, [
      'name an address that the VM can reach, for example that of a load balancer',
    ]);
  }
  return serviceBase(given);
}

function usage(message: string, nextSteps: readonly string[]): RemedyError {
  return new RemedyError(message, { code: 'usage', exit: ExitCode.usage, nextSteps });
}
