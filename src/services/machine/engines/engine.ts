import type { Step } from '../host-resource.ts';
import type { EngineName } from '../layout.ts';
import type { ServiceSpec } from '../service-spec.ts';
import type { HostSession } from '../session.ts';

/** Which service, and with which model. */
export interface Engined {
  readonly service: string;
  readonly model?: string | undefined;
}

/** What an engine beside a service is to a deploy: a profile of the compose file, and how its model gets there. */
export interface MachineEngine {
  /** Its profile, and its container. */
  readonly name: EngineName;
  /** What of compose.env is about it: settings that make it another one. */
  settings(spec: ServiceSpec, image: string): Readonly<Record<string, string>>;
  /**
   * Before the new engine takes the place of the old one: what takes long, and can be done while that still serves.
   *
   * @param folder of the new release
   */
  prepare?(session: HostSession, spec: ServiceSpec, folder: string, step: Step): Promise<void>;
  /**
   * Waits until its container answers, and sees that it has its model.
   *
   * @throws RemedyError (exit 3) for a model that cannot be had, (exit 5) for an engine that does not start
   */
  ensure(session: HostSession, spec: Engined, step: Step): Promise<void>;
}
