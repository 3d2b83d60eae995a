import type { Operator } from '../../stack/operator.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Provider } from '../../stack/provider.ts';
import { type LocalFlags, localDeployFlags } from './flags.ts';
import type { LocalRequest } from './request.ts';
import type { ProcessDeps } from './service-process.ts';

/** The operator's environment reaches a service only in these variables. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/** This machine: the services as processes in the background, with an engine that is simulated or already here. */
export const local: Provider<LocalRequest> = {
  name: 'local',
  title: 'this machine',
  help: {
    summary: 'bring the chain up on this machine: A, replicas of B, and an engine',
    description: `The services run as background processes that outlive this command; their logs are in the stack's folder.
With the simulated engine nothing is downloaded, and every figure is labelled as simulated.
With --engine ollama --concurrency should be that Ollama's OLLAMA_NUM_PARALLEL (1 unless you set it), which it does not report.
With --engine openai the services ask a server that runs already (llama-server, vLLM, a hosted API): --engine-url names it, and
--concurrency should be the requests that it works on at the same time.
Run it again to change what differs: what is as wanted is left alone.`,
    examples: [
      '',
      '--replicas 5 --min-process-seconds 0.2',
      '--engine ollama --model-b phi3:mini',
      '--engine ollama --num-ctx 4096 --num-predict b=256',
      '--engine openai --engine-url http://127.0.0.1:8000',
      '--set a.HISTORY=off --set b.CHAT_NUM_CTX=8192',
      '--dry-run --json',
    ],
  },
  billed: false,
  here: true,
  neighbours: true,
  runs: () => true,
  chosen: (services) => services,
  placeFlags: {},
  deployFlags: localDeployFlags,
  doctorFlags: {},
  groupFlags: {},
  async ask({ flags, operator }, services) {
    const { localRequest } = await import('./request.ts');
    return localRequest(flags as LocalFlags, services, operator.env);
  },
  async rehearsal(replicas) {
    const { rehearsalRequest } = await import('./request.ts');
    return rehearsalRequest(replicas);
  },
  async hasTraces({ paths, operator }) {
    const { findStackProcesses } = await import('./service-process.ts');
    return (await findStackProcesses(processesOf(paths, operator))).length > 0;
  },
  async connect({ paths, operator, record, signal }) {
    const processes = processesOf(paths, operator);
    return {
      async plan(request, steps, _links, options) {
        const { planLocal } = await import('./deploy.ts');
        return planLocal(request, steps, options, { paths, processes, bundles: operator.bundles, env: operator.env });
      },
      async target() {
        const { localTarget } = await import('./service-process.ts');
        return localTarget(processes);
      },
      async status() {
        const { localStatus } = await import('./status.ts');
        return localStatus(record, processes);
      },
      async doctor() {
        const { doctorLocal } = await import('../../doctor/local.ts');
        return doctorLocal(operator, signal);
      },
      async logs(selection, kind) {
        const { findLogs } = await import('./logs.ts');
        return findLogs(paths.logs, selection, kind);
      },
      async group() {
        const { localSource } = await import('./group-source.ts');
        return record === undefined ? undefined : localSource(paths, { clock: operator.clock, processes });
      },
      close: async () => {},
    };
  },
};

/** How the processes of a stack are found and started. */
function processesOf({ folder, logs }: StackPaths, { env, node, listProcesses }: Operator): ProcessDeps {
  const passedOn = PASSED_ON.map((name) => [name, env[name]] as const);
  const baseEnv = Object.fromEntries(passedOn.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return { folder, logs, listProcesses, node, baseEnv };
}
