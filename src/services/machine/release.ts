import { shellWord } from '../words.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { engineOf } from './engines/engines.ts';
import type { Step } from './host-resource.ts';
import { COMPOSE_FUNCTION, ENGINES, layoutOf, type Manifest } from './layout.ts';
import { putFile } from './put-file.ts';
import { baseImages, contentHash, engineImage, envFile, imageOf, type ServiceSpec } from './service-spec.ts';
import type { HostSession, PushedFile } from './session.ts';
import { STOP_TIMEOUT_SECONDS, stopScript, tellInFlight } from './stop.ts';
import type { ServiceTemplates } from './templates.ts';

interface ReleaseInput {
  readonly service: ServiceDefinition;
  readonly stack: string;
  readonly spec: ServiceSpec;
  readonly templates: ServiceTemplates;
  /** The bearer token itself; only ever in a file in a folder that root alone can enter. */
  readonly token: string | undefined;
}

/** A download that has not ended by then is stuck or hopeless, seconds. */
const PULL_SECONDS = 3600;
/** Where the compose files mount the token. */
const TOKEN_FILE = '/run/chainctl-token';

/** Prints what of a compose.env makes another engine; another compose file may, too. */
const ENGINE = `grep -E '^(OLLAMA_IMAGE|ENGINE_SLOTS|LLAMA_[A-Z_]+|MODEL_[A-Z0-9_]+)='`;

/** The files of one release of a service: everything that Compose and the build need, in one folder. Pure. */
export function releaseFiles({ stack, spec, templates, token }: Omit<ReleaseInput, 'service'>): PushedFile[] {
  const settings = {
    SERVICE_IMAGE: imageOf(spec),
    STACK: stack,
    CONTENT_HASH: contentHash(spec),
    ...engineOf(spec)?.settings(spec, engineImage(spec, templates.compose)),
  };
  const auth = token === undefined ? {} : { AUTH_TOKEN_FILE: TOKEN_FILE };
  return [
    { path: 'compose.yaml', content: templates.compose, mode: 0o600 },
    { path: 'compose.env', content: envFile(settings), mode: 0o600 },
    { path: 'service.env', content: envFile({ ...spec.env, ...auth }), mode: 0o600 },
    // The service, which is not root, reads it through a mount; nobody else can enter the folder above.
    { path: 'token', content: token ?? '', mode: 0o444 },
    // A folder in any case, since it is mounted in any case. What is in it is read by the service as the token is.
    { path: 'files/', content: '', mode: 0o755 },
    ...(templates.files?.files ?? []).map(({ name, content }) => ({ path: `files/${name}`, content, mode: 0o444 })),
    { path: 'build/Dockerfile', content: templates.dockerfile, mode: 0o600 },
    { path: `build/service-${spec.service}.mjs`, content: templates.bundle, mode: 0o644 },
    { path: 'build/model-downloader.mjs', content: templates.downloader, mode: 0o644 },
  ];
}

/**
 * Brings a release into service: pushed, built, the engine up, the model there, and only then the service's container
 * exchanged. Every step can be repeated: killed or cut off anywhere, it is run again from the start.
 */
export async function activateRelease(session: HostSession, input: ReleaseInput, step: Step): Promise<Manifest> {
  const { service, stack, spec, templates } = input;
  const { model } = spec;
  const { action, signal, waiting } = step;
  const { current, release, project, named } = layoutOf(service.name);
  const engine = engineOf(spec);
  const name = service.title;
  const hash = contentHash(spec);
  const image = imageOf(spec);
  const target = release(hash);
  const exec = (what: string, timeoutSeconds: number, ...lines: readonly string[]) =>
    session.exec(lines.join('\n'), { what, timeoutSeconds, signal });

  waiting('pushing the release');
  await session.push(target, releaseFiles(input), { what: `pushing ${name}`, timeoutSeconds: 300, signal });
  for (const base of baseImages(templates.dockerfile)) await ensureImage(session, base, step);
  waiting('building the image');
  await exec(`building the image of ${name}`, 900, buildScript(image, `${target}/build`, stack, service.name));
  if (engine !== undefined) await ensureImage(session, engineImage(spec, templates.compose), step);
  await engine?.prepare?.(session, spec, target, step);
  const profile = engine === undefined ? '' : ` --profile ${engine.name}`;
  const compose = `cd ${current} && compose -p ${project} --env-file compose.env -f compose.yaml${profile}`;
  const others = ENGINES.filter((each) => each !== engine?.name);
  if (engine !== undefined) waiting('starting the engine');
  if (action === 'update') await tellInFlight(session, service, step);
  await exec(
    `starting the engine of ${name}`,
    STOP_TIMEOUT_SECONDS,
    'set -e',
    COMPOSE_FUNCTION,
    // An engine that is exchanged would take along what the service has in flight.
    `what() { ${ENGINE} $1/compose.env; cat $1/compose.yaml; }`,
    `if [ -f ${current}/compose.env ] && [ "$(what ${current})" != "$(what ${target})" ]; then (${compose} stop service); fi`,
    `echo "MACHINE_NAME=$(hostname)" >> ${target}/compose.env`,
    // Made beside it and renamed over it: there is a current release at every moment.
    `ln -sfn ${shellWord(target)} ${current}.new && mv -fT ${current}.new ${current}`,
    // The engine before this one, where it was another.
    ...others.map((each) => `docker ps -aq ${named(each)} | xargs -r docker rm -f >/dev/null`),
    ...(engine === undefined ? [] : [`${compose} up -d ${engine.name}`]),
  );
  await engine?.ensure(session, spec, step);
  waiting('starting the service');
  await exec(`starting ${name}`, STOP_TIMEOUT_SECONDS, 'set -e', COMPOSE_FUNCTION, `${compose} up -d service`);
  const written: Manifest = { stack, service: service.name, hash, image, model, engine: engine?.name, verified: false };
  await writeManifest(session, written, signal);
  return written;
}

/** It is there whole or not at all. */
export async function writeManifest(session: HostSession, manifest: Manifest, signal: AbortSignal) {
  const { manifest: path } = layoutOf(manifest.service);
  const stdin = `${JSON.stringify(manifest)}\n`;
  const what = 'recording what is deployed';
  await session.exec(putFile(path, stdin), { what, stdin, signal });
}

/** Pulls an image unless the machine has it, with progress by layer. */
async function ensureImage(session: HostSession, image: string, { key, emit, signal }: Step): Promise<void> {
  const layers = new Map<string, boolean>();
  const onLine = (line: string) => {
    if (!noteLayer(layers, line)) return;
    const done = [...layers.values()].filter(Boolean).length;
    emit({ type: 'progress', key, label: `image ${image}`, done, total: layers.size, unit: 'layers' });
  };
  const name = shellWord(image);
  await session.exec(`docker image inspect ${name} >/dev/null 2>&1 || docker pull ${name}`, {
    what: `pulling the image ${image}`,
    timeoutSeconds: PULL_SECONDS,
    onLine,
    signal,
  });
}

/** Reads a line of `docker pull` without a terminal: `1a2b3c4d5e6f: Pull complete`. @returns whether it told anything */
export function noteLayer(layers: Map<string, boolean>, line: string): boolean {
  const [, layer, what] = /^([0-9a-f]{12}): (.+)$/.exec(line) ?? [];
  if (layer === undefined || what === undefined) return false;
  if (/^(Pulling fs layer|Waiting)/.test(what)) layers.set(layer, layers.get(layer) ?? false);
  else if (/^(Pull complete|Already exists)/.test(what)) layers.set(layer, true);
  else return false;
  return true;
}

function buildScript(image: string, folder: string, stack: string, service: string): string {
  const labels = `--label chainctl.stack=${shellWord(stack)} --label chainctl.service=${service}`;
  // Without network: nothing is downloaded in a build, the base image is there already.
  return `docker image inspect ${image} >/dev/null 2>&1 || docker build --network=none ${labels} -t ${image} ${folder} 2>&1`;
}

/** Removes old releases and images but the last one before: what filled the disk of many a machine. */
export async function removeOldReleases(session: HostSession, { service, hash, image }: Manifest, signal: AbortSignal) {
  const { folder } = layoutOf(service);
  const keepOne = 'tail -n +2';
  await session.exec(
    [
      `ls -1t ${folder}/releases | grep -vx ${shellWord(hash)} | ${keepOne} | while read -r old; do rm -rf "${folder}/releases/$old"; done`,
      // Listed newest first. One that a container still uses is refused by Docker, and stays.
      `docker images --filter label=chainctl.service=${service} --format '{{.Repository}}:{{.Tag}}' | grep -vxF ${shellWord(image)} | ${keepOne} | while read -r old; do docker rmi "$old" >/dev/null 2>&1; done`,
      'true',
    ].join('\n'),
    { what: 'removing old releases', timeoutSeconds: 120, signal },
  );
}

/** Takes a service off a machine by its labels: works whatever state its files are in. */
export function removeScript(service: string): string {
  const { folder, own } = layoutOf(service);
  return [
    'set -e',
    'if command -v docker >/dev/null 2>&1; then',
    stopScript(service),
    `  docker ps -q ${own} | xargs -r docker stop -t 40 >/dev/null`,
    `  docker ps -aq ${own} | xargs -r docker rm -f >/dev/null`,
    `  docker volume ls -q ${own} | xargs -r docker volume rm -f >/dev/null`,
    `  docker network ls -q ${own} | xargs -r docker network rm >/dev/null`,
    `  docker images -q --filter label=chainctl.service=${service} | sort -u | xargs -r docker rmi -f >/dev/null`,
    'fi',
    `rm -rf ${folder}`,
  ].join('\n');
}
