/** Second numbers of the networks 127.128.0.0/11 and 127.160.0.0/11. */
export const MACHINES = 128;
export const BALANCERS = 160;

const handedOut = new Map<number, number>();

/** The next loopback address of a network: other ones than those of processes beside this one, whatever lab asks. */
export function nextLoopbackHost(network: number): string {
  const n = handedOut.get(network) ?? 0;
  handedOut.set(network, n + 1);
  return `127.${network + ((process.pid >> 8) & 31)}.${process.pid & 255}.${1 + (n % 254)}`;
}
