import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Whether this process has the terminal. Started with `&` it has not, and a process in the background that reads keys
 * or changes the terminal's mode is stopped by the kernel (SIGTTIN, SIGTTOU).
 */
export function hasTerminal(): boolean {
  try {
    const [group, foreground] = process.platform === 'linux' ? fromProc() : fromPs();
    return group !== undefined && group === foreground;
  } catch {
    return false;
  }
}

/** proc_pid_stat(5): fields 5 (process group) and 8 (the terminal's foreground group); the name before may hold anything. */
function fromProc(): (string | undefined)[] {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [fields[2], fields[5]];
}

function fromPs(): (string | undefined)[] {
  const columns = ['-o', 'pgid=', '-o', 'tpgid=', '-p', String(process.pid)];
  return execFileSync('ps', columns, { encoding: 'utf8', timeout: 1000 }).trim().split(/\s+/);
}
