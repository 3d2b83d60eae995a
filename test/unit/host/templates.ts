import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../templates/${path}`, import.meta.url)), 'utf8');

/** The templates as the package ships them. */
export const BOOT = {
  cloudConfig: read('boot/cloud-init.yaml'),
  installDocker: read('boot/install-docker.sh'),
  deadline: read('boot/deadline.sh'),
  serve: read('boot/serve.sh'),
  serveUnit: read('boot/serve.service'),
  seal: read('boot/seal.sh'),
};

export const COMPOSE = { a: read('compose/service-a.yaml'), b: read('compose/service-b.yaml') };

export const DOCKERFILE = { a: read('services/service-a/Dockerfile'), b: read('services/service-b/Dockerfile') };
