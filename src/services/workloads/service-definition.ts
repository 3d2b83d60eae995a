import type { Interfaces } from '@oclif/core';
import type { z } from 'zod';

/** Flags of one member of an open set, by their names on the command line. */
export type FlagSet = Interfaces.FlagInput;
/** What was given for them, and the defaults of the others. */
export type FlagValues = Readonly<Record<string, unknown>>;

/** Base URLs of services by name, without a path; a missing one is not deployed, or not known yet. */
export type Endpoints = Readonly<Record<string, string>>;

/** What deployed services ask for before they answer. */
export type Auth = 'none' | 'token';

/** Where a service comes from: built here from a bundle, or an image that somebody else made. */
export type ServiceImage = { readonly dockerfile: string; readonly bundle: string } | { readonly image: string };

/**
 * One kind of service that can be deployed: everything that the rest of chainctl knows of it. A new one is a file with
 * one of these, and one line in the catalog.
 */
export interface ServiceDefinition<Settings = unknown> {
  /** Its name on the command line and the key of its endpoint in `state.json`: lower-case letters, digits, hyphens. */
  readonly name: string;
  /** Its name in sentences: `service A`. */
  readonly title: string;
  /** The port that it listens on, on a machine of its own. */
  readonly port: number;
  /** The path at which it answers: what load, smoke and the health check of a deploy call. */
  readonly path: string;
  /** Names of the services whose addresses it has to know. */
  readonly needs: readonly string[];
  /** Flags of its settings; `--NAME-url` for each of its needs is derived. */
  readonly flags: FlagSet;
  /** What `state.json` keeps of its settings. */
  readonly settings: z.ZodType<Settings>;
  /** Its settings, from the flags. The one place where the two names of a setting meet. */
  ask(flags: FlagValues): Settings;
  /** Its environment, without secrets. `links` has the addresses that it needs, as far as they are known. */
  env(settings: Settings, links: Endpoints): Readonly<Record<string, string>>;
  readonly image: ServiceImage;
}
