import { protocolNamed } from '../protocols/protocols.ts';
import { WHOLE } from '../schedule/timetable.ts';
import { RawTransport } from './http/raw-transport.ts';
import type { RunOrder } from './protocol.ts';
import { RequestTemplate } from './request-template.ts';
import { lookupOf, type Resolve, resolveOnce } from './resolve.ts';
import type { OnEnd, Transport } from './transport.ts';

/**
 * Resolves the target's name and prepares what sends to it: bare sockets for plain http, undici for https, whose cost
 * is the encryption's anyway.
 */
export async function openTransport(
  order: RunOrder,
  now: () => number,
  resolve: Resolve = resolveOnce,
): Promise<(onEnd: OnEnd) => Transport> {
  const target = new URL(order.url);
  const resolved = await resolve(target.hostname);
  const template = new RequestTemplate({
    ...order,
    target,
    stream: order.stream === true,
    protocol: protocolNamed(order.protocol),
  });
  if (target.protocol === 'https:') {
    // Loaded where it is needed: it is most of a generator's start and memory.
    const { UndiciTransport } = await import('./undici-transport.ts');
    const lookup = lookupOf(resolved);
    return (onEnd) => new UndiciTransport({ target, lookup, controls: order, now, template }, onEnd);
  }
  const share = order.share ?? WHOLE;
  return (onEnd) => new RawTransport({ target, resolved, share, controls: order, now, template }, onEnd);
}
