import { z } from 'zod';
import type { ServiceDefinition } from './service-definition.ts';

const common = { flags: {}, settings: z.unknown(), ask: () => ({}), env: () => ({}) };

/** Everything that can be deployed. */
export const SERVICES: readonly ServiceDefinition[] = [
  {
    ...common,
    ...{ name: 'a', title: 'service A', port: 8001, path: '/chain', needs: ['b'] },
    image: { dockerfile: 'service-a/Dockerfile', bundle: 'service-a.mjs' },
  },
  {
    ...common,
    ...{ name: 'b', title: 'service B', port: 8002, path: '/invoke', needs: [] },
    image: { dockerfile: 'service-b/Dockerfile', bundle: 'service-b.mjs' },
  },
];
