import { remedy } from '../../../errors.ts';
import { shellWord } from '../../words.ts';
import { formatAccess } from '../access.ts';
import { lookAtContainer, waitForContainer } from '../container.ts';
import { CommandFailed } from '../failures.ts';
import type { Step } from '../host-resource.ts';
import { COMPOSE_FUNCTION, layoutOf } from '../layout.ts';
import type { ServiceSpec } from '../service-spec.ts';
import type { HostSession } from '../session.ts';
import { shortHash } from '../templates.ts';
import { requestThrough } from '../through.ts';
import type { Engined, MachineEngine } from './engine.ts';

const ENGINE_PORT = 8000;
/** Reading a large model from a slow disk takes minutes. */
const START_SECONDS = 600;
/** A download that has not ended by then is begun again by the next deploy, and goes on where it was. */
const DOWNLOAD_SECONDS = 6 * 3600;

const DOWNLOADER = 'model-downloader';

/** llama.cpp's server: a file is downloaded for it, and it serves that one. */
export const llamacpp: MachineEngine = {
  name: 'llamacpp',
  settings({ model = '', llama }, image) {
    if (llama === undefined) throw new Error('nobody says how llama.cpp is to run');
    const { url, sha256 = '', parallel, ctxSize, threads } = llama;
    return {
      LLAMA_IMAGE: image,
      LLAMA_PARALLEL: String(parallel),
      LLAMA_CTX_SIZE: String(ctxSize),
      LLAMA_TOTAL_CTX_SIZE: String(ctxSize * parallel),
      ...(threads === undefined ? {} : { LLAMA_THREADS: String(threads) }),
      MODEL_FILE: model,
      MODEL_URL: url,
      MODEL_SHA256: sha256,
      MODEL_ID: shortHash(`${url} ${sha256}`),
    };
  },
  prepare: download,
  ensure: ready,
};

/** Runs the downloader to its end. One that a lost connection has left behind is ended first: the new one goes on. */
async function download(session: HostSession, spec: ServiceSpec, folder: string, step: Step): Promise<void> {
  const { service, model = '', llama } = spec;
  const { key, emit, signal, waiting } = step;
  const { project, named } = layoutOf(service);
  waiting(`downloading the model ${model}`);
  const onLine = (line: string) => {
    const said = readDownloader(line);
    if (said === undefined) return;
    if (typeof said === 'string') waiting(said);
    else emit({ type: 'progress', key, label: `model ${model}`, ...said, unit: 'bytes' });
  };
  const lines = [
    COMPOSE_FUNCTION,
    `docker ps -aq ${named(DOWNLOADER)} | xargs -r docker rm -f >/dev/null`,
    `cd ${shellWord(folder)}`,
    // Compose would complain that the service, which is not started, has no name of the machine.
    `MACHINE_NAME=- compose -p ${project} --env-file compose.env -f compose.yaml --profile llamacpp run --rm -T --no-deps ${DOWNLOADER} </dev/null 2>&1`,
  ];
  const options = { what: `downloading the model ${model}`, timeoutSeconds: DOWNLOAD_SECONDS, onLine, signal };
  await session.exec(lines.join('\n'), options).catch((error: unknown) => {
    if (!(error instanceof CommandFailed)) throw error;
    throw downloadFailed(session, model, llama?.url, error);
  });
}

/** A line of the downloader: how far it is, or what it says; undefined for a line of others. Pure. */
export function readDownloader(line: string): { readonly done: number; readonly total: number } | string | undefined {
  const [, text] = /^model-downloader: (.+)$/.exec(line) ?? [];
  const [, done, total] = /^(\d+) of (\d+) MB \(/.exec(text ?? '') ?? [];
  if (total === undefined || Number(total) === 0) return text?.slice(0, 300);
  return { done: Number(done) * 1e6, total: Number(total) * 1e6 };
}

function downloadFailed(session: HostSession, model: string, url = '', error: CommandFailed) {
  const said = error.tail.flatMap((line) => {
    const text = readDownloader(line);
    return typeof text === 'string' ? [text] : [];
  });
  const where = formatAccess(session.access);
  const why = said.at(-1) ?? error.tail.at(-1) ?? `it ended with ${error.code}`;
  return remedy.configuration(
    'model-download',
    `the model ${model} could not be downloaded on ${where}: ${why}`,
    [
      `check that the machine reaches ${URL.parse(url)?.host ?? 'the address'}, and what --model-url and --model-sha256 say`,
      'then run the command again: what was downloaded is kept',
    ],
    error,
  );
}

async function ready(session: HostSession, { service, model = '' }: Engined, step: Step) {
  const { signal } = step;
  const where = formatAccess(session.access);
  await waitForContainer(session, step, {
    service,
    container: 'llamacpp',
    deadlineSeconds: START_SECONDS,
    async look() {
      const engine = await lookAtContainer(session, service, 'llamacpp', signal);
      const { address: host } = engine ?? {};
      if (host === undefined) return { reason: `the engine's container is ${engine?.state ?? 'not there'}` };
      const asked = { host, port: ENGINE_PORT, path: '/health', silenceSeconds: 10, signal };
      const { status } = await requestThrough(session, asked);
      if (status === 200) return { done: undefined };
      return { reason: status === 503 ? `llama.cpp is loading ${model}` : `the health of llama.cpp answers ${status}` };
    },
    failed: (why: string) =>
      remedy.unhealthy('engine-not-ready', `the engine on ${where} did not start: ${why}`, [
        'check the image, which --llama-image can name, and that the model is a GGUF file that it knows',
        'then run the command again',
      ]),
  });
}
