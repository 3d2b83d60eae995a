import { plainTable } from '../services/results/plain-table.ts';
import type { GroupVm } from '../services/targets/gcp/vms.ts';

const HEAD = ['name', 'zone', 'status', 'address', 'made (UTC)'];

/** The VMs of B, the newest first, as one chooses one of them. */
export function renderVms(vms: readonly GroupVm[]): string {
  if (vms.length === 0) return 'There is no VM of service B.';
  const rows = vms.map(({ name, zone, status, address, createdAt }) => [
    ...[name, zone, status, address ?? '-', minute(createdAt)],
  ]);
  return plainTable(HEAD, rows, HEAD);
}

/** Google gives the time of wherever its machines are. */
function minute(timestamp: string): string {
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? '-' : new Date(at).toISOString().slice(5, 16).replace('T', ' ');
}
