import { randomUUID } from 'node:crypto';
import { remedy } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { Answer, Change, Input, Operation, Read } from './compute-calls.ts';
import { faultError, faultOf, isRateLimited, isTransient, noCredentials } from './errors.ts';
import { type Client, type Collection, openAuth, openClient } from './library.ts';
import { regionOf } from './names.ts';

/** Compute Engine of one project with one set of credentials. */
export interface Compute {
  readonly project: string;
  /** Where zonal things go unless a call names another zone. */
  readonly zone: string;
  readonly region: string;
  /**
   * Looks; retried a few times when the service is busy or the connection is lost.
   *
   * @throws GcpError, or the signal's reason
   */
  read<Name extends Read>(name: Name, input: Input<Name>, signal: AbortSignal): Promise<Answer<Name>>;
  /**
   * Begins a change. Retried like a look: give it a `requestId` that is written down, so that it takes effect once.
   * {@link change} in operations.ts also waits for its end, which is where most errors are.
   *
   * @throws GcpError, or the signal's reason
   */
  begin<Name extends Change>(name: Name, input: Input<Name>, signal: AbortSignal): Promise<Operation>;
  /** A UUID that has never been used, for a call that needs no token of an intent. */
  newId(): string;
}

export interface ComputeOptions {
  /** The project; undefined for that of the credentials. */
  readonly project?: string | undefined;
  readonly zone: string;
  /** Another endpoint than Google's, base URL without a path. */
  readonly endpoint?: string | undefined;
  readonly clock: Clock;
  /** How often a call is tried in all. */
  readonly attempts?: number;
}

/** The slowest plain answer is a long list; an operation is waited for up to two minutes in one call. */
const ANSWER_MS = 30_000;
const WAIT_MS = 150_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 15_000;
/** A rate limit has room again with the next minute. */
const RATE_LIMIT_MS = 90_000;

/**
 * Opens Compute Engine. Its clients are loaded one at a time, when one is first needed.
 * Credentials are looked for at once: the generated code would crash the process where there are none.
 *
 * @throws RemedyError (exit 3) without credentials or a project, (exit 2) for a project's number, and for an endpoint that would see credentials in the clear
 */
export async function openCompute(options: ComputeOptions): Promise<Compute> {
  const { zone, clock, attempts = 5 } = options;
  const endpoint = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  const { authClient, project } = await authenticate(options.project, endpoint?.lab === true);
  const clients: Partial<Record<Collection, Promise<Client>>> = {};

  const call = async (name: string, input: object, signal: AbortSignal): Promise<unknown> => {
    const [collection, method = ''] = name.split('.') as [Collection, string];
    const began = clock.monotonic();
    for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt += 1, pause *= 2) {
      signal.throwIfAborted();
      try {
        clients[collection] ??= openClient(collection, { ...endpoint?.client, authClient, fallback: true });
        // Its own retries go on for ten minutes and know neither a signal nor a request's token.
        const timeout = method === 'wait' ? WAIT_MS : ANSWER_MS;
        const settings = { signal, timeout, retry: { retryCodes: [] } };
        return await answerOf(await clients[collection], method, { project, ...input }, settings);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const lost = clock.monotonic() - began;
        const fault = faultOf(error);
        const patient = attempts > 1 && lost < RATE_LIMIT_MS && isRateLimited(fault);
        const hopeless = !patient && (attempt >= attempts || !isTransient(fault));
        if (hopeless) throw faultError(fault, { call: name, project }, error);
        await clock.sleep(Math.min(pause, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2), signal);
      }
    }
  };
  return {
    project,
    zone,
    region: regionOf(zone),
    read: (name, input, signal) => call(name, input, signal) as never,
    begin: (name, input, signal) => call(name, input, signal) as never,
    newId: randomUUID,
  };
}

/** The object that one call answers: the list in full, the operation out of its wrapping. */
async function answerOf(client: Client, method: string, request: object, options: object): Promise<unknown> {
  if (method === 'aggregatedList') {
    // It pages by itself, and warns on the console about being asked to.
    const list = methodOf(client, 'aggregatedListAsync')(request, { ...options, autoPaginate: false });
    const scopes: unknown[] = [];
    for await (const scope of list as AsyncIterable<unknown>) scopes.push(scope);
    return scopes;
  }
  const [answer] = (await methodOf(client, method)(request, options)) as readonly { latestResponse?: unknown }[];
  return answer?.latestResponse ?? answer;
}

/** Without it a call that a newer library calls otherwise would answer nothing, as if it had been made. */
function methodOf(client: Client, name: string): Client[string] {
  const method = client[name];
  if (method === undefined) throw new Error(`the client of Compute Engine has no method ${name}`);
  return method.bind(client);
}

async function authenticate(given: string | undefined, lab: boolean) {
  const { GoogleAuth, PassThroughClient } = await openAuth();
  const google = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/compute'] });
  const signIn = () =>
    google.getClient().catch((error: unknown) => {
      throw noCredentials(error);
    });
  const authClient = lab ? new PassThroughClient() : await signIn();
  const project = given ?? (lab ? undefined : await google.getProjectId().catch(() => undefined));
  // Calls take a number, and every answer names the id instead: nothing would seem to be as wanted.
  if (project && /^\d+$/.test(project)) {
    throw remedy.usage('gcp-project-number', `${project} is the number of a Google Cloud project, not its id`, [
      `see the id: gcloud projects describe ${project} --format="value(projectId)"`,
      'and give that',
    ]);
  }
  if (project) return { authClient, project };
  throw remedy.configuration('gcp-no-project', 'the Google Cloud project is not known', [
    'name it with --project or GOOGLE_CLOUD_PROJECT',
    'or: gcloud config set project PROJECT',
  ]);
}

/**
 * Reads an endpoint. Plain http is for a lab on this machine, and then nobody's credentials are sent.
 *
 * @throws RemedyError (exit 2)
 */
function parseEndpoint(text: string) {
  const url = URL.parse(text);
  const refused = (fault: string) =>
    remedy.usage('usage', `the Compute Engine endpoint ${text} ${fault}`, [
      'write for example https://compute-acme.p.googleapis.com, or http://127.0.0.1:9000 for a lab',
    ]);
  if (url === null || !/^https?:$/.test(url.protocol)) throw refused('is not an http or https URL');
  const lab = url.protocol === 'http:';
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (lab && !loopback) throw refused('is plain http on another machine: credentials would travel in the clear');
  // The library puts the API's own path behind host and port.
  if (!/^\/(compute\/v1\/?)?$/.test(url.pathname)) throw refused('has a path; it must be host and port alone');
  const port = url.port === '' ? (lab ? 80 : 443) : Number(url.port);
  return { lab, client: { apiEndpoint: url.hostname, port, protocol: lab ? 'http' : 'https' } };
}
