import { z } from 'zod';

/** Everything of chainctl on a machine is below this folder, readable by root only. */
export const ROOT = '/opt/chainctl';

/** The containers of a service's Compose project. */
export type ContainerName = 'service' | 'model-downloader' | EngineName;

/** The engines of the compose file: each is a profile, and the container of that name. */
export const ENGINES = ['ollama', 'llamacpp'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Where one service lives on a machine, and under which name Compose and Docker know it. */
export function layoutOf(service: string) {
  const folder = `${ROOT}/service-${service}`;
  const project = `chainctl-service-${service}`;
  /** An option of Docker's lists: what belongs to it. */
  const own = `--filter label=com.docker.compose.project=${project}`;
  const named = (container: ContainerName) => `${own} --filter label=com.docker.compose.service=${container}`;
  return {
    folder,
    manifest: `${folder}/manifest.json`,
    current: `${folder}/current`,
    release: (hash: string) => `${folder}/releases/${hash}`,
    project,
    own,
    named,
    /** In a shell: the id of a container, or nothing. */
    idOf: (container: ContainerName) => `$(docker ps -aq ${named(container)} | head -n 1)`,
  } as const;
}

/** What a machine says of a service on it. */
export const manifestSchema = z.object({
  stack: z.string(),
  service: z.string(),
  /** Hash over everything that was wanted, see `contentHash`. */
  hash: z.string(),
  image: z.string(),
  /** Absent for a service without an engine. */
  model: z.string().optional(),
  /** Absent where a version wrote it that knew Ollama alone. */
  engine: z.enum(ENGINES).optional(),
  /** False until the service has given one real answer. */
  verified: z.boolean(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** A shell function that is whichever Compose the machine has. */
export const COMPOSE_FUNCTION =
  'compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }';
