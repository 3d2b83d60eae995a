import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { MACHINES, nextLoopbackHost } from './loopback-hosts.ts';
import type { Machine, MachineRequest, Machines } from './machines.ts';

/** One instance without a machine: an address on loopback at which a small service answers. */
interface MemoryMachine extends Machine {
  readonly request: MachineRequest;
  /** CPUs that it uses from now on. */
  setCpu(cpus: number): void;
  /** What its service answers from now on: 200, 503, or nothing. */
  setHealth(health: 'serves' | 'fails' | 'silent'): Promise<void>;
  /** As if it had turned itself off. */
  powerOff(): Promise<void>;
}

export interface MemoryMachines extends Machines {
  /** Those that exist, by name. */
  readonly all: ReadonlyMap<string, MemoryMachine>;
  /** Every request to boot so far. */
  readonly booted: readonly MachineRequest[];
  /** Images that were made and not removed. */
  readonly images: ReadonlySet<string>;
  /** CPUs that each machine uses, from now on and when it is new. */
  setCpu(cpus: number): void;
}

/**
 * Instances that are nothing but addresses of this machine, 127.128.0.0/11. Their service answers on `port` some time after
 * boot: 200 and the host's name, whatever is asked.
 *
 * @param serveAfterMs from the boot until it answers; by request, so that some never do
 * @param answer instead of the small service
 */
export function memoryMachines(
  options: {
    readonly port?: number;
    readonly bootMs?: number;
    readonly serveAfterMs?: number | ((request: MachineRequest) => number);
    readonly answer?: (request: MachineRequest) => RequestListener;
  } = {},
): MemoryMachines {
  const { port = 8002, bootMs = 10, serveAfterMs = 10 } = options;
  let cpus = 0;
  const all = new Map<string, MemoryMachine>();
  const booted: MachineRequest[] = [];
  const images = new Set<string>();

  async function boot(request: MachineRequest): Promise<MemoryMachine> {
    booted.push(request);
    if (request.image !== undefined && !images.has(request.image)) throw new Error(`no image ${request.image}`);
    await sleep(bootMs);
    const address = nextLoopbackHost(MACHINES);
    const machine = await startMachine(request, address);
    all.set(request.name, machine);
    return machine;
  }

  async function startMachine(request: MachineRequest, address: string): Promise<MemoryMachine> {
    let running = true;
    let health: 'serves' | 'fails' | 'silent' = 'serves';
    let used = { seconds: 0, cpus, since: Date.now() };
    let server: Server | undefined;
    let timer: NodeJS.Timeout | undefined;
    const answer = options.answer?.(request) ?? plainAnswer(request);
    const open = async () => {
      if (!running || health === 'silent' || server) return;
      server = createServer((incoming, outgoing) => {
        if (health === 'fails') outgoing.writeHead(503).end();
        else answer(incoming, outgoing);
      });
      server.listen(port, address);
      await once(server, 'listening');
    };
    const close = async () => {
      clearTimeout(timer);
      server?.close();
      server?.closeAllConnections();
      server = undefined;
    };
    const begin = () => {
      const delay = typeof serveAfterMs === 'function' ? serveAfterMs(request) : serveAfterMs;
      if (Number.isFinite(delay)) timer = setTimeout(() => void open(), delay);
    };
    const seconds = () => used.seconds + (running ? (used.cpus * (Date.now() - used.since)) / 1000 : 0);
    begin();
    const machine: MemoryMachine = {
      request,
      address,
      running: () => running,
      cpuSeconds: async () => seconds(),
      consoleOutput: async () => `${request.name} login: \n`,
      setCpu(next) {
        used = { seconds: seconds(), cpus: next, since: Date.now() };
      },
      async setHealth(next) {
        health = next;
        await (next === 'silent' ? close() : open());
      },
      async powerOff() {
        used = { ...used, seconds: seconds() };
        running = false;
        clearTimeout(ends);
        await close();
      },
      async reset() {
        await close();
        begin();
      },
      stop: () => machine.powerOff(),
      async start() {
        running = true;
        used = { seconds: 0, cpus: used.cpus, since: Date.now() };
        begin();
      },
      async remove() {
        await machine.powerOff();
        if (all.get(request.name) === machine) all.delete(request.name);
      },
    };
    const { maxRunSeconds } = request;
    const ends =
      maxRunSeconds === undefined ? undefined : setTimeout(() => void machine.powerOff(), maxRunSeconds * 1000);
    return machine;
  }

  return {
    ...{ all, booted, images, boot },
    setCpu(next) {
      cpus = next;
      for (const machine of all.values()) machine.setCpu(next);
    },
    async makeImage(name) {
      images.add(name);
    },
    async removeImage(name) {
      images.delete(name);
    },
    async close() {
      await Promise.all([...all.values()].map((machine) => machine.remove()));
    },
  };
}

function plainAnswer({ name }: MachineRequest): RequestListener {
  return (incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ status: 'ok', hostname: name }));
  };
}
