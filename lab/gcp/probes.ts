import { once } from 'node:events';
import { connect } from 'node:net';
import type { HealthCheck } from './model.ts';

export type ProbeResult = 'ok' | 'bad' | 'timeout';

/** One health check of one machine. */
export async function probe(
  check: HealthCheck,
  address: string,
  servingPort: number,
  timeoutMs: number,
): Promise<ProbeResult> {
  const http = check.httpHealthCheck;
  const port = portOf(check, servingPort);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (check.type === 'TCP') {
      const socket = connect(port, address);
      await once(socket, 'connect', { signal }).finally(() => socket.destroy());
      return 'ok';
    }
    const response = await fetch(`http://${address}:${port}${http?.requestPath ?? '/'}`, {
      signal,
      redirect: 'manual',
    });
    await response.body?.cancel();
    return response.status === 200 ? 'ok' : 'bad';
  } catch {
    return signal.aborted ? 'timeout' : 'bad';
  }
}

/** Where a check looks: its own port, or the one that is served. */
export function portOf(check: HealthCheck, servingPort: number): number {
  const http = check.httpHealthCheck ?? check.tcpHealthCheck;
  return http?.portSpecification === 'USE_SERVING_PORT' ? servingPort : (http?.port ?? 80);
}

type HealthState = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY' | 'TIMEOUT';

/** Health after results in a row, as thresholds want it. */
export class Health {
  state: HealthState = 'UNKNOWN';
  #good = 0;
  #bad = 0;

  note(result: ProbeResult, check: HealthCheck): void {
    this.#good = result === 'ok' ? this.#good + 1 : 0;
    this.#bad = result === 'ok' ? 0 : this.#bad + 1;
    if (this.#good >= (check.healthyThreshold ?? 2)) this.state = 'HEALTHY';
    if (this.#bad >= (check.unhealthyThreshold ?? 2)) this.state = result === 'timeout' ? 'TIMEOUT' : 'UNHEALTHY';
  }

  get failed(): boolean {
    return this.state === 'UNHEALTHY' || this.state === 'TIMEOUT';
  }
}
