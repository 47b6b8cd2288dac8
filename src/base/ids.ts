/** Branded identifiers. Only the `parse…` functions (and the constructors of counters) cast. */

type Brand<T, B extends string> = T & { readonly brand: B };

/** 1–64 of a-z A-Z 0-9 _ - */
export type TenantId = Brand<string, "TenantId">;
/** 1–128 of a-z A-Z 0-9 _ -, unique within its tenant. */
export type ServiceId = Brand<string, "ServiceId">;
/** Lower-case hex SHA-256 of a release's content. */
export type ReleaseId = Brand<string, "ReleaseId">;
/** Lower-case hex SHA-256 of an artifact's bytes: its address in the artifact store. */
export type ArtifactHash = Brand<string, "ArtifactHash">;
/** 1–128 visible ASCII characters chosen by a client to make a mutation repeatable. */
export type RequestId = Brand<string, "RequestId">;
/** Gap-free number of an event in the node's log, from 1. */
export type EventId = Brand<number, "EventId">;
/** Number of one life of an instance; unique within its tenant, never used twice. */
export type IncarnationNumber = Brand<number, "IncarnationNumber">;
/** Number of a cell, unique on the node, never used twice within a data directory. */
export type CellNumber = Brand<number, "CellNumber">;
/** Issued by init, increasing by one with each kernel it starts; older kernels are refused. */
export type KernelEpoch = Brand<number, "KernelEpoch">;

const tenantPattern = /^[A-Za-z0-9_-]{1,64}$/;
const servicePattern = /^[A-Za-z0-9_-]{1,128}$/;
const hashPattern = /^[0-9a-f]{64}$/;
const requestPattern = /^[\x21-\x7e]{1,128}$/;

export const parseTenantId = (value: string): TenantId | undefined =>
  tenantPattern.test(value) ? (value as TenantId) : undefined;
export const parseServiceId = (value: string): ServiceId | undefined =>
  servicePattern.test(value) ? (value as ServiceId) : undefined;
export const parseReleaseId = (value: string): ReleaseId | undefined =>
  hashPattern.test(value) ? (value as ReleaseId) : undefined;
export const parseArtifactHash = (value: string): ArtifactHash | undefined =>
  hashPattern.test(value) ? (value as ArtifactHash) : undefined;
export const parseRequestId = (value: string): RequestId | undefined =>
  requestPattern.test(value) ? (value as RequestId) : undefined;

export const eventId = (n: number): EventId => n as EventId;
export const incarnationNumber = (n: number): IncarnationNumber => n as IncarnationNumber;
export const cellNumber = (n: number): CellNumber => n as CellNumber;
export const kernelEpoch = (n: number): KernelEpoch => n as KernelEpoch;

/** One life of one instance of one service. `instance` counts from 1. */
export interface IncarnationAddress {
  readonly tenant: TenantId;
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
}

/** The public name of an incarnation: `<node.instance.incarnation>`, in the manner of an Erlang pid. */
export const pidOf = (at: { readonly instance: number; readonly incarnation: IncarnationNumber }): string =>
  `<0.${at.instance}.${at.incarnation}>`;
