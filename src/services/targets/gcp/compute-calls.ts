import type { google } from '@google-cloud/compute/build/protos/protos.js';

export type Operation = google.cloud.compute.v1.IOperation;
export type Address = google.cloud.compute.v1.IAddress;
export type Autoscaler = google.cloud.compute.v1.IAutoscaler;
export type Backend = google.cloud.compute.v1.IBackend;
export type BackendService = google.cloud.compute.v1.IBackendService;
export type Firewall = google.cloud.compute.v1.IFirewall;
export type ForwardingRule = google.cloud.compute.v1.IForwardingRule;
export type HealthCheck = google.cloud.compute.v1.IHealthCheck;
export type Image = google.cloud.compute.v1.IImage;
export type Instance = google.cloud.compute.v1.IInstance;
export type InstanceGroupManager = google.cloud.compute.v1.IInstanceGroupManager;
export type InstanceProperties = google.cloud.compute.v1.IInstanceProperties;
export type InstanceTemplate = google.cloud.compute.v1.IInstanceTemplate;
export type ManagedInstance = google.cloud.compute.v1.IManagedInstance;
export type InstanceError = google.cloud.compute.v1.IInstanceManagedByIgmError;
export type RouterNat = google.cloud.compute.v1.IRouterNat;
export type Region = google.cloud.compute.v1.IRegion;
export type TargetHttpProxy = google.cloud.compute.v1.ITargetHttpProxy;
export type UrlMap = google.cloud.compute.v1.IUrlMap;

/** One scope of an aggregated list, `zones/europe-west3-c`, with what is in it. */
type Scoped<List> = readonly (readonly [scope: string, list: List])[];

/** Calls that only look: what each is given and what it answers. Lists are whole, whatever the page size. */
export interface Reads {
  'addresses.get': [google.cloud.compute.v1.IGetGlobalAddressRequest, Address];
  'addresses.list': [google.cloud.compute.v1.IListGlobalAddressesRequest, readonly Address[]];
  'autoscalers.get': [google.cloud.compute.v1.IGetAutoscalerRequest, Autoscaler];
  'autoscalers.aggregatedList': [
    google.cloud.compute.v1.IAggregatedListAutoscalersRequest,
    Scoped<google.cloud.compute.v1.IAutoscalersScopedList>,
  ];
  'backendServices.get': [google.cloud.compute.v1.IGetBackendServiceRequest, BackendService];
  'backendServices.list': [google.cloud.compute.v1.IListBackendServicesRequest, readonly BackendService[]];
  'backendServices.getHealth': [
    google.cloud.compute.v1.IGetHealthBackendServiceRequest,
    google.cloud.compute.v1.IBackendServiceGroupHealth,
  ];
  'firewalls.get': [google.cloud.compute.v1.IGetFirewallRequest, Firewall];
  'firewalls.list': [google.cloud.compute.v1.IListFirewallsRequest, readonly Firewall[]];
  'forwardingRules.get': [google.cloud.compute.v1.IGetGlobalForwardingRuleRequest, ForwardingRule];
  'forwardingRules.list': [google.cloud.compute.v1.IListGlobalForwardingRulesRequest, readonly ForwardingRule[]];
  'healthChecks.get': [google.cloud.compute.v1.IGetHealthCheckRequest, HealthCheck];
  'healthChecks.list': [google.cloud.compute.v1.IListHealthChecksRequest, readonly HealthCheck[]];
  'images.get': [google.cloud.compute.v1.IGetImageRequest, Image];
  'images.getFromFamily': [google.cloud.compute.v1.IGetFromFamilyImageRequest, Image];
  'images.list': [google.cloud.compute.v1.IListImagesRequest, readonly Image[]];
  'instances.get': [google.cloud.compute.v1.IGetInstanceRequest, Instance];
  'instances.list': [google.cloud.compute.v1.IListInstancesRequest, readonly Instance[]];
  'instances.aggregatedList': [
    google.cloud.compute.v1.IAggregatedListInstancesRequest,
    Scoped<google.cloud.compute.v1.IInstancesScopedList>,
  ];
  'instances.getSerialPortOutput': [
    google.cloud.compute.v1.IGetSerialPortOutputInstanceRequest,
    google.cloud.compute.v1.ISerialPortOutput,
  ];
  'instanceGroupManagers.get': [google.cloud.compute.v1.IGetInstanceGroupManagerRequest, InstanceGroupManager];
  'instanceGroupManagers.aggregatedList': [
    google.cloud.compute.v1.IAggregatedListInstanceGroupManagersRequest,
    Scoped<google.cloud.compute.v1.IInstanceGroupManagersScopedList>,
  ];
  'instanceGroupManagers.listManagedInstances': [
    google.cloud.compute.v1.IListManagedInstancesInstanceGroupManagersRequest,
    readonly ManagedInstance[],
  ];
  'instanceGroupManagers.listErrors': [
    google.cloud.compute.v1.IListErrorsInstanceGroupManagersRequest,
    readonly InstanceError[],
  ];
  'instanceTemplates.get': [google.cloud.compute.v1.IGetInstanceTemplateRequest, InstanceTemplate];
  'instanceTemplates.list': [google.cloud.compute.v1.IListInstanceTemplatesRequest, readonly InstanceTemplate[]];
  'machineTypes.get': [google.cloud.compute.v1.IGetMachineTypeRequest, google.cloud.compute.v1.IMachineType];
  'machineTypes.list': [
    google.cloud.compute.v1.IListMachineTypesRequest,
    readonly google.cloud.compute.v1.IMachineType[],
  ];
  'projects.get': [google.cloud.compute.v1.IGetProjectRequest, google.cloud.compute.v1.IProject];
  'regions.get': [google.cloud.compute.v1.IGetRegionRequest, Region];
  'routers.list': [google.cloud.compute.v1.IListRoutersRequest, readonly google.cloud.compute.v1.IRouter[]];
  'targetHttpProxies.get': [google.cloud.compute.v1.IGetTargetHttpProxyRequest, TargetHttpProxy];
  'targetHttpProxies.list': [google.cloud.compute.v1.IListTargetHttpProxiesRequest, readonly TargetHttpProxy[]];
  'urlMaps.get': [google.cloud.compute.v1.IGetUrlMapRequest, UrlMap];
  'urlMaps.list': [google.cloud.compute.v1.IListUrlMapsRequest, readonly UrlMap[]];
  'zones.get': [google.cloud.compute.v1.IGetZoneRequest, google.cloud.compute.v1.IZone];
  'globalOperations.wait': [google.cloud.compute.v1.IWaitGlobalOperationRequest, Operation];
  'regionOperations.wait': [google.cloud.compute.v1.IWaitRegionOperationRequest, Operation];
  'zoneOperations.wait': [google.cloud.compute.v1.IWaitZoneOperationRequest, Operation];
}

/** Calls that change something: what each is given. Each answers an operation that has only begun. */
export interface Changes {
  'addresses.insert': google.cloud.compute.v1.IInsertGlobalAddressRequest;
  'addresses.delete': google.cloud.compute.v1.IDeleteGlobalAddressRequest;
  'addresses.setLabels': google.cloud.compute.v1.ISetLabelsGlobalAddressRequest;
  'autoscalers.insert': google.cloud.compute.v1.IInsertAutoscalerRequest;
  'autoscalers.update': google.cloud.compute.v1.IUpdateAutoscalerRequest;
  'autoscalers.delete': google.cloud.compute.v1.IDeleteAutoscalerRequest;
  'backendServices.insert': google.cloud.compute.v1.IInsertBackendServiceRequest;
  'backendServices.patch': google.cloud.compute.v1.IPatchBackendServiceRequest;
  'backendServices.update': google.cloud.compute.v1.IUpdateBackendServiceRequest;
  'backendServices.delete': google.cloud.compute.v1.IDeleteBackendServiceRequest;
  'firewalls.insert': google.cloud.compute.v1.IInsertFirewallRequest;
  'firewalls.patch': google.cloud.compute.v1.IPatchFirewallRequest;
  'firewalls.delete': google.cloud.compute.v1.IDeleteFirewallRequest;
  'forwardingRules.insert': google.cloud.compute.v1.IInsertGlobalForwardingRuleRequest;
  'forwardingRules.setTarget': google.cloud.compute.v1.ISetTargetGlobalForwardingRuleRequest;
  'forwardingRules.delete': google.cloud.compute.v1.IDeleteGlobalForwardingRuleRequest;
  'forwardingRules.setLabels': google.cloud.compute.v1.ISetLabelsGlobalForwardingRuleRequest;
  'healthChecks.insert': google.cloud.compute.v1.IInsertHealthCheckRequest;
  'healthChecks.patch': google.cloud.compute.v1.IPatchHealthCheckRequest;
  'healthChecks.delete': google.cloud.compute.v1.IDeleteHealthCheckRequest;
  'images.insert': google.cloud.compute.v1.IInsertImageRequest;
  'images.delete': google.cloud.compute.v1.IDeleteImageRequest;
  'instances.insert': google.cloud.compute.v1.IInsertInstanceRequest;
  'instances.start': google.cloud.compute.v1.IStartInstanceRequest;
  'instances.stop': google.cloud.compute.v1.IStopInstanceRequest;
  'instances.delete': google.cloud.compute.v1.IDeleteInstanceRequest;
  'instanceGroupManagers.insert': google.cloud.compute.v1.IInsertInstanceGroupManagerRequest;
  'instanceGroupManagers.patch': google.cloud.compute.v1.IPatchInstanceGroupManagerRequest;
  'instanceGroupManagers.resize': google.cloud.compute.v1.IResizeInstanceGroupManagerRequest;
  'instanceGroupManagers.delete': google.cloud.compute.v1.IDeleteInstanceGroupManagerRequest;
  'instanceGroups.setNamedPorts': google.cloud.compute.v1.ISetNamedPortsInstanceGroupRequest;
  'instanceTemplates.insert': google.cloud.compute.v1.IInsertInstanceTemplateRequest;
  'instanceTemplates.delete': google.cloud.compute.v1.IDeleteInstanceTemplateRequest;
  'targetHttpProxies.insert': google.cloud.compute.v1.IInsertTargetHttpProxyRequest;
  'targetHttpProxies.setUrlMap': google.cloud.compute.v1.ISetUrlMapTargetHttpProxyRequest;
  'targetHttpProxies.delete': google.cloud.compute.v1.IDeleteTargetHttpProxyRequest;
  'urlMaps.insert': google.cloud.compute.v1.IInsertUrlMapRequest;
  'urlMaps.update': google.cloud.compute.v1.IUpdateUrlMapRequest;
  'urlMaps.delete': google.cloud.compute.v1.IDeleteUrlMapRequest;
}

type CollectionOf<Name> = Name extends `${infer Collection}.${string}` ? Collection : never;
/** What the API calls a kind of thing. `addresses` and `forwardingRules` are the global ones. */
export type Collection = CollectionOf<keyof Reads | keyof Changes> | RegionalCollection;

/** Kinds that have the calls of a zone's, see group-calls.ts. */
type RegionalCollection = 'regionAutoscalers' | 'regionInstanceGroups' | 'regionInstanceGroupManagers';
