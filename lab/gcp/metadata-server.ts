import { once } from 'node:events';
import { createServer } from 'node:http';
import { type InstanceMetadata, metadataAnswer } from './metadata.ts';

export interface MetadataServer {
  /** From now on requests from its address are answered with this. */
  set(instance: InstanceMetadata): void;
  delete(address: string): void;
  close(): Promise<void>;
}

/** @param address this machine's on the lab's network; VMs reach it as 169.254.169.254 */
export async function startMetadataServer(address: string): Promise<MetadataServer> {
  const instances = new Map<string, InstanceMetadata>();
  const server = createServer((request, response) => {
    const from = request.socket.remoteAddress?.replace('::ffff:', '') ?? '';
    const instance = instances.get(from);
    const url = new URL(request.url ?? '/', 'http://metadata.google.internal');
    const header = request.headers['metadata-flavor'];
    const answer = instance
      ? metadataAnswer(instance, url, typeof header === 'string' ? header : undefined)
      : { status: 404, type: 'text/plain', body: `no instance at ${from}` };
    response.writeHead(answer.status, {
      'Metadata-Flavor': 'Google',
      'Content-Type': answer.type,
      'Content-Length': Buffer.byteLength(answer.body),
      Server: 'Metadata Server for VM',
    });
    response.end(answer.body);
  });
  server.listen(80, address);
  await once(server, 'listening');
  return {
    set: (instance) => {
      instances.set(instance.address, instance);
    },
    delete: (each) => {
      instances.delete(each);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
