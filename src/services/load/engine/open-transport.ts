import { protocolNamed } from '../protocols/protocols.ts';
import { WHOLE } from '../schedule/timetable.ts';
import { RawTransport } from './http/raw-transport.ts';
import type { RunOrder } from './protocol.ts';
import { RequestTemplate } from './request-template.ts';
import { type Resolve, resolveOnce } from './resolve.ts';
import type { OnEnd, Transport } from './transport.ts';

/** Resolves the target's name and prepares what sends to it. */
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
  const share = order.share ?? WHOLE;
  return (onEnd) => new RawTransport({ target, resolved, share, controls: order, now, template }, onEnd);
}
