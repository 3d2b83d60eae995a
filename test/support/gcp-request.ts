import type { GcpRequest } from '../../src/services/targets/gcp/request.ts';

/** A request to Google's cloud as the tests vary it. */
export const GCP_REQUEST: GcpRequest = {
  project: 'p',
  zones: ['europe-west3-c'],
  regionWide: false,
  type: 'e2-standard-4',
  diskGb: 30,
  network: 'default',
  min: 1,
  max: 3,
  autoscale: { signal: 'cpu', target: 0.6 },
  ratePerInstance: 1,
  coolDownSeconds: 60,
  requestSeconds: 180,
  operatorAddress: '203.0.113.7/32',
  services: { b: { model: 'phi3:mini' } },
  bake: false,
  auth: 'token',
};
