import type { Interfaces } from '@oclif/core';
import { z } from 'zod';
import type { ChainClient } from '../chain/client.ts';
import { type Tuning, tuningSchema } from '../chain/tuning.ts';
import type { Bounds, Check } from '../smoke/check.ts';
import type { CarriedFiles } from './carried-files.ts';
import { type Download, downloadSchema } from './llama.ts';

/** Flags of one member of an open set, by their names on the command line. */
export type FlagSet = Interfaces.FlagInput;
/** What was given for them, and the defaults of the others. */
export type FlagValues = Readonly<Record<string, unknown>>;

/** Base URLs of services by name, without a path; a missing one is not deployed, or not known yet. */
export type Endpoints = Readonly<Record<string, string>>;

/** What deployed services ask for before they answer. */
export type Auth = 'none' | 'token';

/** What every service's settings may have; a service adds its own. */
export interface ServiceSettings {
  /** The model that its engine has to have; a service without one has no engine. */
  readonly model?: string | undefined;
  /** Further models that its engine has to have. */
  readonly otherModels?: readonly string[] | undefined;
  /** Where the file of its model comes from, for an engine that does not fetch models itself. */
  readonly download?: Download | undefined;
  /** How it works, where the operator has said so. */
  readonly tuning?: Tuning | undefined;
  /** Variables of its program that the operator has set. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Secrets among them: the absolute paths of the files that hold them. */
  readonly secretFiles?: Readonly<Record<string, string>> | undefined;
}

/** The part of a settings' schema that is the same for all. */
export const commonSettings = {
  model: z.string().min(1).optional(),
  otherModels: z.array(z.string()).readonly().optional(),
  download: downloadSchema.optional(),
  tuning: tuningSchema.optional(),
  set: z.record(z.string(), z.string()).readonly().optional(),
  secretFiles: z.record(z.string(), z.string()).readonly().optional(),
};

/**
 * What a service is made from: the bundle, one file that Node runs, named in the folder of the built services; the
 * Dockerfile and the compose file named in the folder of templates. Absolute paths are taken as they are.
 */
interface ServiceImage {
  readonly bundle: string;
  readonly dockerfile?: string;
  readonly compose?: string;
}

/**
 * One kind of service that can be deployed: everything that the rest of chainctl knows of it. A new one is a file with
 * one of these, and one line in the catalog.
 */
export interface ServiceDefinition<Settings extends ServiceSettings = ServiceSettings> {
  /** Its name on the command line and the key of its endpoint in `state.json`: lower-case letters and digits. */
  readonly name: string;
  /** Its name in sentences: `service A`. */
  readonly title: string;
  /** The port that it listens on, on a machine of its own. */
  readonly port: number;
  /** The path at which it answers: what load, smoke and the health check of a deploy call. */
  readonly path: string;
  /** What else of it a person opens, by what it is called: paths. */
  readonly entrances?: Readonly<Record<string, string>>;
  /** Names of the services whose addresses it has to know. `--NAME-url` is derived from them. */
  readonly needs: readonly string[];
  /** The model of its engine, where the operator names none; a service without one has no engine. */
  readonly model?: string;
  /** Flags of its own settings; those of model and tuning are the same for all services. */
  readonly flags: FlagSet;
  /** What `state.json` keeps of its settings. */
  readonly settings: z.ZodType<Settings>;
  /** What it does where the tuning says nothing, for the help texts. */
  readonly defaults: Tuning;
  /** Its own settings, from the flags. The one place where the two names of a setting meet. */
  ask(flags: FlagValues): Omit<Settings, keyof ServiceSettings>;
  /**
   * Files that its settings name, read anew: a change of them is a change of the service.
   *
   * @param env the operator's
   * @throws RemedyError (exit 2) where they are not what the service can use
   */
  readonly files?: (settings: Settings, env: Readonly<Record<string, string | undefined>>) => CarriedFiles | undefined;
  /** Its environment, without secrets and tuning. `links` has the addresses that it needs, as far as they are known. */
  env(settings: Settings, links: Endpoints): Readonly<Record<string, string>>;
  /** Variables of its own that a deploy sets, and the flags that do: nobody sets them beside those. */
  readonly variables?: Readonly<Record<string, readonly string[]>>;
  readonly image: ServiceImage;
  /** Name of the request protocol that makes its bodies and judges its answers under load. */
  readonly contract: string;
  /** What a real answer is at the least: a deploy that gets one calls the service ready. */
  readonly answer: z.ZodType;
  /** Where it sends to, as its health says: by the services that it needs; undefined where it does not answer. */
  readonly linksOf?: (client: ChainClient, base: string, timeoutMs: number) => Promise<Endpoints | undefined>;
  /** What smoke checks of it; what every service has to refuse is checked in addition. */
  readonly checks?: (client: ChainClient, bounds: Bounds) => readonly Check[];
}
