import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BOOT_FILES, type BootTemplates } from '../../../src/services/machine/cloud-init.ts';
import { filledIn } from '../../../src/services/machine/templates.ts';
import { a } from '../../../src/services/workloads/a.ts';
import { b } from '../../../src/services/workloads/b.ts';

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../templates/${path}`, import.meta.url)), 'utf8');

/** The templates as the package ships them. */
export const BOOT = Object.fromEntries(
  Object.entries(BOOT_FILES).map(([name, file]) => [name, read(`boot/${file}`)]),
) as BootTemplates;

const each = (path: string) => ({ a: filledIn(read(path), a), b: filledIn(read(path), b) });

export const COMPOSE = each('compose/service.yaml');

export const DOCKERFILE = each('services/Dockerfile');
