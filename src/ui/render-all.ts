import type { AllDeployment } from '../services/deploy/deploy-all.ts';
import { stackOption } from '../services/stack/stack-option.ts';
import { nextCommands } from './format/text.ts';

/** What a deploy on both clouds says when it is done. */
export function renderAllDeployment(deployment: AllDeployment): string {
  const { stack, gcp, aws, endpoints } = deployment;
  const on = stackOption(stack);
  const changed = [...gcp.changes, ...aws.changes].filter(({ action }) => action !== 'unchanged').length;
  const where = `${aws.region} (AWS) and ${gcp.location} (GCP)`;
  if (!deployment.applied) {
    const what = changed === 0 ? 'nothing would change' : `${changed} planned, none made`;
    return `Stack ${stack} in ${where}: ${what} (dry run).`;
  }
  return [
    `Stack ${stack} is up in ${where}${changed === 0 ? '; nothing had to change' : ''}.`,
    `  A (chain)   ${endpoints.a}/chain`,
    `  B (invoke)  ${endpoints.b}/invoke`,
    `  It costs money until "chainctl teardown all${on}".`,
    ...nextCommands([
      `chainctl smoke${on}`,
      `chainctl load --rps 1,2,5${on}`,
      `chainctl scale-watch${on}`,
      `chainctl teardown all${on}`,
    ]),
  ].join('\n');
}
