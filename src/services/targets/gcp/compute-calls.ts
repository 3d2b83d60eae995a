import type { google } from '@google-cloud/compute/build/protos/protos.js';
import type { ClientOf, Collection } from './library.ts';

export type Operation = google.cloud.compute.v1.IOperation;
export type Address = google.cloud.compute.v1.IAddress;
export type Autoscaler = google.cloud.compute.v1.IAutoscaler;
export type Backend = google.cloud.compute.v1.IBackend;
export type BackendService = google.cloud.compute.v1.IBackendService;
export type Instance = google.cloud.compute.v1.IInstance;
export type InstanceGroupManager = google.cloud.compute.v1.IInstanceGroupManager;
export type InstanceProperties = google.cloud.compute.v1.IInstanceProperties;
export type ManagedInstance = google.cloud.compute.v1.IManagedInstance;
export type InstanceError = google.cloud.compute.v1.IInstanceManagedByIgmError;
export type RouterNat = google.cloud.compute.v1.IRouterNat;
export type Region = google.cloud.compute.v1.IRegion;

type Listed<Name> = Name extends 'aggregatedListAsync' ? 'aggregatedList' : Name;
type CallsOf<Of extends Collection> = `${Of}.${Listed<keyof ClientOf<Of> & string>}`;
/** A call by the API's name for it: `firewalls.get`. */
type Call = { [Of in Collection]: CallsOf<Of> }[Collection];
/** Calls that only look. */
export type Read = Extract<Call, `${Collection}.${`get${string}` | `list${string}` | 'aggregatedList' | 'wait'}`>;
/** Calls that change something: each answers an operation that has only begun. */
export type Change = Exclude<Call, Read>;

/** The generated method of a call. Of its forms the last one is meant, which takes what is asked and a callback. */
type Method<Name> = Name extends `${infer Of extends Collection}.${infer Called}`
  ? ClientOf<Of>[(Called extends 'aggregatedList' ? 'aggregatedListAsync' : Called) & keyof ClientOf<Of>]
  : never;
type ToldTo<Callback> = Callback extends (error: never, found: infer Found, ...more: never[]) => void ? Found : never;

/** What a call is asked with. The project is that of the {@link Compute}. */
export type Input<Name extends Call> = Omit<NonNullable<Parameters<Method<Name>>[0]>, 'project'>;

/** What a call answers. Lists are whole, whatever the page size; an aggregated one has its scopes: `zones/europe-west3-c`. */
export type Answer<Name extends Read> =
  Method<Name> extends (...args: never) => AsyncIterable<infer Scope>
    ? readonly Scope[]
    : NonNullable<ToldTo<Parameters<Method<Name>>[1]>>;
