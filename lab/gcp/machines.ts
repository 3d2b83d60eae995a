/** What a new instance is, as its API resource says. */
export interface MachineRequest {
  /** Unique over the whole lab, also over an instance that is recreated under its old name. */
  readonly id: string;
  /** The instance's name: its host name, too. */
  readonly name: string;
  readonly zone: string;
  /** `user-data` (cloud-init), `startup-script`, `ssh-keys` and whatever else the instance is to read. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name of an image that was made here; undefined for a public one. */
  readonly image?: string | undefined;
  /** Seconds after which the machine ends itself. */
  readonly maxRunSeconds?: number | undefined;
}

/** One machine that plays an instance. */
export interface Machine {
  /** Inside and outside are the same in the lab. */
  readonly address: string;
  /** `false` once it has turned itself off. */
  running(): boolean;
  /** CPU time used since it was switched on, in seconds: what an autoscaler's utilization is made of. */
  cpuSeconds(): Promise<number>;
  reset(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Removes it and its disk. */
  remove(): Promise<void>;
  consoleOutput(): Promise<string>;
}

/** What plays the instances of Compute Engine: containers that boot like VMs, or nothing but addresses. */
export interface Machines {
  /** Resolves when it is switched on, not when it serves. */
  boot(request: MachineRequest): Promise<Machine>;
  /** Keeps the disk of a machine that is stopped as an image. */
  makeImage(name: string, machine: Machine): Promise<void>;
  removeImage(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface Backend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Gets no new requests, and may finish those that it has. */
  readonly draining?: boolean;
}

/** A forwarding rule with everything behind it. */
export interface BalancerRule {
  /** Unique over the lab. */
  readonly name: string;
  /** Where clients find it, port 80 unless the rule says otherwise. */
  readonly address: string;
  readonly port: number;
  readonly backends: readonly Backend[];
  readonly check: {
    readonly path: string;
    readonly port: number;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly healthyThreshold: number;
    readonly unhealthyThreshold: number;
  };
  /** A backend's answer takes at most this long. */
  readonly timeoutSeconds: number;
  /** It does not serve yet: every request gets this status. */
  readonly onlyStatus?: 404 | 502;
}

/** Requests that a backend has had. */
export interface Traffic {
  /** Under way. */
  readonly busy: number;
  /** So far, with those. */
  readonly total: number;
}

/** What plays the external HTTP load balancer. */
export interface Balancers {
  /** An address for a new global address or an ephemeral one. */
  newAddress(): string;
  /** Makes or changes it; requests under way are not cut off by a change. */
  put(rule: BalancerRule): Promise<void>;
  remove(name: string): Promise<void>;
  /** By backend name. Empty while nothing is known. */
  health(name: string): Promise<Readonly<Record<string, 'HEALTHY' | 'UNHEALTHY' | 'DRAINING'>>>;
  /** By backend name; those that have had none may be missing. */
  traffic(name: string): Promise<Readonly<Record<string, Traffic>>>;
  close(): Promise<void>;
}
