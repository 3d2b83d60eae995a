import type { AwsDeps } from './deploy.ts';

/**
 * Stands where the stack's keys and the boot text come in: plans can be made, VMs cannot.
 *
 * @throws Error when something is to be made
 */
export const noMaterial: AwsDeps['material'] = async (make) => {
  if (make) throw new Error('the keys and the boot text of a VM are not wired yet');
  return undefined;
};
