import type { DoctorCheck } from '../doctor/check.ts';
import type { Auth, Endpoints, FlagSet, FlagValues, ServiceDefinition } from '../workloads/service-definition.ts';
import type { PlannedChange } from './change.ts';
import type { GroupSource } from './group.ts';
import type { LogKind, LogSelection, LogSource } from './log-source.ts';
import type { Operator } from './operator.ts';
import type { StackPaths } from './paths.ts';
import type { ResourceContext, Target } from './resource.ts';
import type { TargetRecord } from './state.ts';
import type { StepDeps } from './steps.ts';
import type { TargetStatus } from './target-status.ts';

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
  /** What stands there costs money until it is torn down: a deploy tells the price and asks first. */
  readonly billed: boolean;
  /** A service there finds those that it needs on the same machine, where no address of them is known. */
  readonly neighbours: boolean;
  /** Its services run on this machine, and keep what they keep in the stack's folder. */
  readonly here?: boolean;
  /** Whether it can run that service. */
  runs(service: ServiceDefinition): boolean;
  /** Which of the services that it runs are deployed there where none is named: all together, or one. */
  chosen(services: readonly ServiceDefinition[]): readonly ServiceDefinition[];
  /** Where, and as whom: for every command that talks to it. */
  readonly placeFlags: FlagSet;
  /** What is asked of a deploy, without `--service`, `--NAME-url`, `--yes`, `--dry-run`: the command has those. */
  readonly deployFlags: FlagSet;
  /** Those of the deploy flags that `doctor` offers, too. */
  readonly doctorFlags?: FlagSet;
  /** Which group is meant, for `scale-watch` and `load --elastic`; absent where it has none. */
  readonly groupFlags?: FlagSet;
  /** What the flags ask for. The one place where the two names of a setting meet. */
  ask(site: Site, services: readonly ServiceDefinition[]): Promise<Request>;
  /** A request for a rehearsal, where a chain costs nothing and is up in seconds: a small machine, any free ports. */
  rehearsal?(replicas: number): Promise<Request>;
  /** Whether this machine remembers the stack there beside the state, or can look without credentials and finds it. */
  hasTraces(site: Site): Promise<boolean>;
  /**
   * Whether anything here speaks of an account there: a flag, a variable, the record, credentials on the disk. Nothing is
   * asked. Absent where none is needed.
   */
  isConfigured?(site: Site): Promise<boolean>;
  /** Opens it. Credentials are asked for at the first call that needs them: status and logs work from the record. */
  connect(site: Site): Promise<Connection<Request>>;
}

/** Where a provider is used: one stack, one command, one operator. */
export interface Site {
  readonly paths: StackPaths;
  /** By the provider's own names, without the prefix that commands over several providers give them. */
  readonly flags: FlagValues;
  /** What the state file holds of the stack there, if anything. */
  readonly record: TargetRecord | undefined;
  readonly operator: Operator;
  readonly signal: AbortSignal;
}

/** What looking at a place may tell. */
export type LookContext = Pick<ResourceContext, 'emit' | 'signal'>;

/** A place that has been opened. Optional members are abilities: the commands offer what is there. */
export interface Connection<Request = unknown> {
  /**
   * Looks, and changes nothing there. Neither tells the plan nor describes the stack in the journal: the runner does,
   * before and after `apply`. Called again with another address of a service that it needs, it plans again.
   *
   * @param make whether what the plan needs beside the place (keys, token, models) may be made: it is wanted for `apply`
   */
  plan(request: Request, steps: StepDeps, links: Links, options: { readonly make: boolean }): Promise<PlannedDeploy>;
  /** Objects to compare or to remove; credentials, and that it is the right account, are checked here. */
  target(purpose: 'teardown' | 'refresh', context: ResourceContext): Promise<Target>;
  /** From the record, and at most a health check; undefined where nothing is recorded and nothing is found. */
  status(): Promise<TargetStatus | undefined>;
  /** What a deploy needs, examined one by one. */
  doctor?(): Promise<readonly DoctorCheck[]>;
  /** The logs of its services; asked for again while they are followed. */
  logs?(selection: LogSelection, kind: LogKind, context: ResourceContext): Promise<readonly LogSource[]>;
  /** The machines of a service, the newest first. */
  instances?(service: string): Promise<readonly Instance[]>;
  /**
   * Program and words that log in to a machine of the service: the one named, else the newest that runs. Words that stand
   * behind them are run there instead of a shell.
   *
   * @throws RemedyError (exit 3) where there is none, or no way to log in
   */
  shell?(service: string, instance: string | undefined): Promise<readonly [program: string, ...words: string[]]>;
  /** The group that flags or record mean; undefined where there is none. */
  group?(): Promise<GroupSource | undefined>;
  /** Everything that carries chainctl's mark there, whosever it is. */
  owned?(): Promise<Owned>;
  /** Called once a teardown has found nothing left: what was kept beside the state can go. */
  forget?(): Promise<void>;
  /** What could not be done, with the way out that only this place knows. */
  explain?(error: unknown): unknown;
  /** Ends the connections that were opened. */
  close(): Promise<void>;
}

/** How services of one deploy learn of each other. */
export interface Links {
  /**
   * Addresses of other services: of this deploy, as far as they are announced; else what a flag or the stack knows. In a
   * plan that is made before an address is announced, that of a service of this deploy is one that leads nowhere.
   */
  readonly known: Endpoints;
  /** Told as soon as the address is certain: long before anything answers there. */
  announce(service: string, url: string): void;
  /** Resolves once that service answers, where it is a part of this deploy; at once where it is not. */
  serves(service: string, context: ResourceContext): Promise<void>;
}

/** A deploy of one place that has been looked into, and has changed nothing yet. */
export interface PlannedDeploy {
  readonly changes: readonly PlannedChange[];
  /** What it costs, and what becomes public: reported in this order after the plan. */
  readonly notes: readonly Note[];
  /** US dollars, where every price is known. */
  readonly perHour?: { readonly min: number; readonly max: number };
  /** What `state.json` keeps of the request. */
  readonly request: unknown;
  readonly auth: Auth;
  /** What is answered if nothing more is done: a dry run. */
  readonly preview: Deployed;
  /** Carries the plan out. The journal is the runner's before and after, and its own in between. */
  apply(): Promise<Deployed>;
}

export interface Note {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** What a deploy answers with. */
export interface Deployed {
  /** Reads on after "is up": `on this machine`, `in eu-north-1`. */
  readonly where: string;
  readonly endpoints: Endpoints;
  readonly expiresAt?: string | undefined;
  readonly simulated?: boolean;
  /** Another plan than the one that was shown, where that was carried out. */
  readonly changes?: readonly PlannedChange[];
  /** What only this place has to say, for `--json`: region, project, location, cost, machine, host key, folder of logs. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What of it a person wants to see below the addresses: `logs`, `host key`. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** One machine of a service. */
export interface Instance {
  readonly name: string;
  readonly state: string;
  readonly address?: string | undefined;
  /** ISO 8601. */
  readonly since?: string;
  /** What only this place knows of it, as columns: `zone`. */
  readonly details?: Readonly<Record<string, string>>;
}

/** One thing that carries chainctl's mark. */
export interface MarkedObject {
  readonly stack: string;
  readonly kind: string;
  readonly createdBy: string;
  /** ISO 8601, where the place tells it. */
  readonly createdAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  /** What its place knows it by. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  /** Zone or region, where it has one. */
  readonly place?: string | undefined;
}

/** What carries chainctl's mark in one part of a place, and what judging it takes. */
export interface Owned {
  /** The part that was looked into, as `--json` has it: `{ region }`, `{ project }`. */
  readonly where: Readonly<Record<string, string>>;
  readonly objects: readonly MarkedObject[];
  /** This operator, as the marks have it. */
  readonly createdBy: string;
  /** Whether a recorded request means that part. */
  isHere(request: unknown): boolean;
  /** USD per hour of one stack's objects; undefined when a price is not known. */
  perHour(objects: readonly MarkedObject[]): number | undefined;
  /**
   * The kind that decides when a stack has expired, where there is one of it: a time limit that was set later is only on
   * what was made for it.
   */
  readonly decisiveKind: string;
}
