import { stackOption } from '../services/stack/stack-option.ts';
import type { GcpDeployment } from '../services/targets/gcp/deploy.ts';
import { nextCommands } from './format/text.ts';

/** What a deploy on GCP says when it is done. */
export function renderGcpDeployment(deployment: GcpDeployment): string {
  const { stack, project, location, endpoints } = deployment;
  const on = stackOption(stack);
  const changed = deployment.changes.filter(({ action }) => action !== 'unchanged').length;
  if (!deployment.applied) {
    const what = changed === 0 ? 'nothing would change' : `${changed} planned, none made`;
    return `Stack ${stack} in ${project}, ${location}: ${what} (dry run).`;
  }
  return [
    `Stack ${stack} is up in ${project}, ${location}${changed === 0 ? '; nothing had to change' : ''}.`,
    `  B (invoke)  ${endpoints.b}/invoke`,
    `  It costs money until "chainctl teardown gcp${on}".`,
    ...nextCommands([`chainctl smoke${on}`, `chainctl deploy aws${on}`, `chainctl teardown gcp${on}`]),
  ].join('\n');
}
