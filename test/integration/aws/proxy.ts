import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http';

/** What happens to one call on its way; `undefined` lets it pass. */
export type Fault =
  | { readonly status: number; readonly code: string; readonly message?: string }
  /** The connection is cut before the call reaches EC2, or after it took effect. */
  | { readonly cut: 'before' | 'after' };

type Decide = (action: string, parameters: URLSearchParams, count: number) => Fault | undefined;

/** Between chainctl and moto: lets calls pass, answers errors in EC2's form, cuts connections, and counts. */
export class FaultProxy {
  readonly calls: { readonly action: string; readonly parameters: URLSearchParams }[] = [];
  decide: Decide = () => undefined;
  /** Seconds that the service's clock is ahead of this machine's. */
  aheadSeconds = 0;
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(upstream: string): Promise<FaultProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const proxy = new FaultProxy(server, typeof address === 'object' && address !== null ? address.port : 0);
    server.on('request', (incoming, response) => void proxy.#handle(upstream, incoming, response));
    return proxy;
  }

  /** Actions in the order of their calls. */
  get actions(): string[] {
    return this.calls.map(({ action }) => action);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(upstream: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const parameters = new URLSearchParams(body.toString());
    const action = parameters.get('Action') ?? '';
    this.calls.push({ action, parameters });
    const count = this.calls.filter((call) => call.action === action).length;
    const fault = this.decide(action, parameters, count);
    if (fault !== undefined && 'status' in fault) {
      const { status, code, message = 'injected' } = fault;
      response.writeHead(status, { date: new Date(Date.now() + this.aheadSeconds * 1000).toUTCString() });
      response.end(
        `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
      );
      return;
    }
    if (fault?.cut === 'before') {
      incoming.socket.destroy();
      return;
    }
    const forwarded = send(`${upstream}${incoming.url}`, { method: 'POST', headers: incoming.headers });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await answer.toArray());
    if (fault?.cut === 'after') {
      incoming.socket.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.end(text);
  }
}
