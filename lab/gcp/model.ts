import type { compute_v1 } from '@googleapis/compute';

/** A resource, or what a client sends to make one. */
export type Body = Record<string, unknown>;

export type Autoscaler = compute_v1.Schema$Autoscaler;
export type BackendService = compute_v1.Schema$BackendService;
export type Firewall = compute_v1.Schema$Firewall;
export type ForwardingRule = compute_v1.Schema$ForwardingRule;
export type HealthCheck = compute_v1.Schema$HealthCheck;
export type Group = compute_v1.Schema$InstanceGroupManager;
export type Image = compute_v1.Schema$Image;
export type Instance = compute_v1.Schema$Instance;
export type InstanceProperties = compute_v1.Schema$InstanceProperties;
export type ManagedInstance = compute_v1.Schema$ManagedInstance;
export type Operation = compute_v1.Schema$Operation;
export type Template = compute_v1.Schema$InstanceTemplate;
export type UrlMap = compute_v1.Schema$UrlMap;
