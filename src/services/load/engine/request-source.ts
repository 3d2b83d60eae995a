import type { Turn } from './feed/feed.ts';

/** Makes the bytes of requests, head and body. */
export interface RequestSource {
  /**
   * The whole request with this number; of a session, the turn carries what was said before it. The bytes may be those of
   * the next one too: who has not written them when the next is made has to {@link keep} them. Asked for again with the
   * same number, it is the same request.
   */
  request(index: number, turn?: Turn): Buffer;
  /** Leaves the bytes that were handed out last to whoever has them. */
  keep(): void;
}
