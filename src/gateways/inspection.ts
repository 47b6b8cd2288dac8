/** What the node tells of itself for Audit, as it is at the moment. */
import type { CellNumber, SandboxFound, TenantId } from "../base/index.ts";

export interface Inspection {
  /** Of init: the same as long as the node was not started anew. */
  readonly boot: string;
  readonly osPid: number;
  /** By name: Node's version, V8's, the platform. */
  readonly runtime: Readonly<Record<string, string>>;
  readonly sandbox: SandboxFound;
  /** What the operator can set, and is in force. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of a cell's process, by the tier of its services. */
  readonly cellRssBytesMax: { readonly user: number; readonly system: number };
  /** Services that share one cell's process. */
  readonly servicesPerCellMax: number;
  readonly isBuilderUp: boolean;
  readonly cells: readonly InspectedCell[];
  /** What the node runs short of: nothing new is taken in. */
  readonly pressing: readonly {
    readonly what: string;
    readonly used: number;
    readonly limit: number;
    readonly cell?: CellNumber;
  }[];
}

export interface InspectedCell {
  readonly cell: CellNumber;
  /** Absent: it is nobody's yet. */
  readonly tenant?: TenantId;
  readonly tier: "user" | "system";
  readonly phase: string;
  readonly isolates: number;
  readonly osPid?: number;
  /** As init saw them last. */
  readonly rssBytes?: number;
  readonly cpuMs?: number;
}

/** A certificate of the node's own, as it lies on the disk. */
export interface HeldCertificate {
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly fingerprint: string;
}
