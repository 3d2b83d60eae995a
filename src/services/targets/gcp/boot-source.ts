import type { Desired, Ownership, Resource, Target } from '../../stack/resource.ts';
import type { GcpRequest } from './request.ts';

/** What the VMs of service B boot from. No secret is in the image; what is secret comes with the metadata. */
export interface BootSource {
  /** Full or partial URL of an image, or of an image family: `projects/P/global/images/NAME`. */
  readonly image: string;
  /** Instance metadata (`user-data`, `startup-script`, ...), each value at most 256 KB. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Hash over what of it makes another template. */
  readonly hash: string;
  /** Seconds that a VM may take from its start until it serves: before that, autohealing leaves it alone. */
  readonly startSeconds: number;
}

/** A boot source, and what has to be there before a VM boots from it. */
export interface Boot {
  readonly source: BootSource;
  /** Builder, image: made before the template, which depends on them. Empty for a public image. */
  readonly desired: readonly Desired[];
}

/** What a boot source is made for. */
export interface BootInput {
  readonly request: GcpRequest;
  readonly owner: Ownership;
  /** Where a builder would be. */
  readonly zone: string;
  /** The token that B asks for; undefined for a chain that is open, or where it has not been made yet. */
  readonly token: string | undefined;
  /** Whether keys and the like may be made; without, the answer only has to be good for a plan. */
  readonly make: boolean;
}

/** The same for looking and removing: what of the boot side of this stack exists, wanted or not. */
export interface BootTarget extends Pick<Target, 'discover' | 'costOf'> {
  /** A handle for one of its keys; undefined for a key that is not its. */
  handle(key: string): Resource<unknown, unknown> | undefined;
}
