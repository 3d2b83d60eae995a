import type { GroupVm } from '../services/gcp/vms.ts';
import { plainTable } from '../services/results/plain-table.ts';

const HEAD = ['name', 'zone', 'status', 'address', 'made'];

/** The VMs of B, the newest first, as one chooses one of them. */
export function renderVms(vms: readonly GroupVm[]): string {
  if (vms.length === 0) return 'There is no VM of service B.';
  const rows = vms.map(({ name, zone, status, address, createdAt }) => [name, zone, status, address ?? '-', createdAt]);
  return plainTable(HEAD, rows, HEAD);
}
