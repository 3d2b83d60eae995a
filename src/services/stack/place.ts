import type { DoctorCheck } from '../doctor/check.ts';
import type { GroupSource } from '../scaling/types.ts';
import type { Auth, Endpoints, FlagSet, FlagValues, ServiceDefinition } from '../workloads/service-definition.ts';
import type { PlannedChange } from './change.ts';
import type { LogKind, LogSelection, LogSource } from './log-source.ts';
import type { StackPaths } from './paths.ts';
import type { TargetStatus } from './provider.ts';
import type { ResourceContext, Target } from './resource.ts';
import type { TargetRecord } from './state.ts';
import type { StepDeps } from './steps.ts';

// DRAFT of the door to places: becomes provider.ts. `Operator` is what src/operator.ts hands over: clock, environment,
// home, fetch, templates(), bundles(), processes, agent, known hosts, who this is, how to ask a person.

/** A kind of place to deploy to. Static: nothing is opened and nothing is asked. */
export interface Provider<Request = unknown> {
  /** Word of the command line, and key of `state.json`. */
  readonly name: string;
  /** `AWS`, `Google Cloud`, `this machine`. */
  readonly title: string;
  readonly help: {
    readonly summary: string;
    readonly description: string;
    readonly examples: readonly string[];
  };
  /** Whether it can run that service. */
  runs(service: ServiceDefinition): boolean;
  /** Which of those are deployed together where none is named: all (this machine), or one. */
  chosen(services: readonly ServiceDefinition[]): readonly ServiceDefinition[];
  /** What stands there costs money until it is torn down. Where it does not, looking is free, too. */
  readonly billed: boolean;
  /** Where, and as whom: for every command that talks to it. */
  readonly placeFlags: FlagSet;
  /** What is asked of a deploy. */
  readonly deployFlags: FlagSet;
  /** Which group is meant, for `scale-watch` and `load --elastic`; absent where it has none. */
  readonly groupFlags?: FlagSet;
  /** What `state.json` keeps of a request; requests of earlier versions are read, too. */
  readonly request: { parse(value: unknown): Request };
  /** What the flags ask for. The one place where the two names of a setting meet. */
  ask(site: Site, services: readonly ServiceDefinition[]): Promise<Request>;
  /** Whether this machine knows anything of a stack there, or could look: asked without credentials. */
  hasTraces(site: Site): Promise<boolean>;
  /** Opens it. Credentials are asked for at the first call that needs them: status and logs work from the record. */
  connect(site: Site): Promise<Connection<Request>>;
}

/** Where a provider is used: one stack, one command, one operator. */
export interface Site {
  readonly paths: StackPaths;
  /** By the provider's own names, without the prefix that commands over several providers give them. */
  readonly flags: FlagValues;
  readonly record: TargetRecord | undefined;
  readonly operator: unknown;
  readonly signal: AbortSignal;
}

/** A place that has been opened. Optional members are abilities: the commands offer what is there. */
export interface Connection<Request = unknown> {
  /** For a person: `eu-north-1`; `my-project, europe-west3-c`. */
  readonly where: string;
  plan(request: Request, steps: StepDeps, links: Links, options: { readonly make: boolean }): Promise<PlannedDeploy>;
  /** Objects to compare or to remove; credentials, and that it is the right account, are checked here. */
  target(purpose: 'teardown' | 'refresh', context: Pick<ResourceContext, 'emit' | 'signal'>): Promise<Target>;
  /** From the record, and at most a health check; undefined where nothing is recorded and nothing is found. */
  status(signal: AbortSignal): Promise<TargetStatus | undefined>;
  /** What a deploy needs, looked at one by one. */
  doctor?(signal: AbortSignal): Promise<readonly DoctorCheck[]>;
  /** The logs of its services; asked for again while they are followed. */
  logs?(
    selection: LogSelection,
    kind: LogKind,
    context: Pick<ResourceContext, 'emit' | 'signal'>,
  ): Promise<readonly LogSource[]>;
  /** The machines of a service, newest first. */
  instances?(service: string, signal: AbortSignal): Promise<readonly Instance[]>;
  /** Program and words that log in to a machine of the service: the one named, else the newest that runs. */
  shell?(service: string, instance: string | undefined, signal: AbortSignal): Promise<readonly [string, ...string[]]>;
  /** The group that flags or record mean; undefined where there is none. */
  group?(): Promise<GroupSource | undefined>;
  /** Everything that carries chainctl's mark there, whosever it is. */
  owned?(signal: AbortSignal): Promise<readonly MarkedObject[]>;
  /** Called once a teardown has found nothing left: what was kept beside the state can go. */
  forget?(): Promise<void>;
  /** What could not be done, with the way out that only this place knows. */
  explain?(error: unknown): unknown;
  close(): Promise<void>;
}

/** How services of one deploy learn of each other. */
export interface Links {
  /** Told as soon as the address is certain: long before anything answers there. */
  announce(service: string, url: string): void;
  /** The address of a service: of this deploy as soon as it is announced, else what the stack or a flag knows. */
  urlOf(service: string, signal: AbortSignal): Promise<string | undefined>;
  /** What is known now. */
  readonly known: Endpoints;
  /** Resolves once that service answers, where it is a part of this deploy; at once where it is not. */
  serves(service: string, context: ResourceContext): Promise<void>;
}

/** A deploy of one place that has been looked into, and has changed nothing yet. */
export interface PlannedDeploy {
  readonly changes: readonly PlannedChange[];
  /** What it costs, and what becomes public: told in this order after the plan. */
  readonly notes: readonly { readonly level: 'info' | 'warn'; readonly text: string }[];
  /** US dollars, where every price is known. */
  readonly perHour?: { readonly min: number; readonly max: number };
  /** What would be answered if nothing more were done. */
  readonly preview: Deployed;
  apply(): Promise<Deployed>;
}

/** What a deploy answers with. */
export interface Deployed {
  readonly endpoints: Endpoints;
  readonly auth?: Auth;
  readonly expiresAt?: string;
  readonly simulated?: boolean;
  /** What only this place has to say, for `--json`: region, project, location, cost, machine, host key, folder of logs. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One machine of a service. */
export interface Instance {
  readonly name: string;
  readonly state: string;
  readonly address?: string;
  readonly since?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** One thing that carries chainctl's mark. */
export interface MarkedObject {
  readonly kind: string;
  readonly id: string;
  readonly stack: string;
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly perHour?: number;
}
