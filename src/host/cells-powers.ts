/** What the cells need of the world. */
import type { CellLoss, CellNumber, EventId, KernelEpoch, Refusal, ServiceId, TenantId } from "../base/index.ts";
import type { Input, Release, Resident, Unplaced } from "../kernel/index.ts";
import type { Held, Tier } from "./cell.ts";
import type { Connect } from "./cell-link.ts";
import type { Router } from "./router.ts";
import type { Timing } from "./timing.ts";

/** What a cell may have of its machine. */
export interface CellLimits {
  /** Resident memory at which init kills it. */
  readonly rssBytesMax: number;
  /** Its share of the processor beside other cells. */
  readonly cpuWeight: number;
}

export interface CellsSettings {
  readonly warmCells: number;
  /** Incarnations of a tenant that share a cell. */
  readonly servicesPerCellMax: number;
  /** Resident memory at which init kills a cell. */
  readonly cellRssBytesMax: number;
  /** The same, and what they weigh together on the processor, of a tenant's cells of system services. */
  readonly systemCell: CellLimits;
  /** An empty cell is closed after this long. */
  readonly emptyMsMax: number;
}

export interface CellsPowers {
  readonly epoch: KernelEpoch;
  readonly settings: CellsSettings;
  readonly router: Pick<Router, "add" | "remove" | "callFrom" | "passOn">;
  readonly init: {
    readonly spawn: (cell: CellNumber, rssBytesMax: number) => void;
    readonly limit: (cell: CellNumber, limits: CellLimits) => void;
    readonly assign: (cell: CellNumber, tenant: TenantId, tier: Tier) => void;
    readonly kill: (cell: CellNumber, loss: CellLoss) => void;
    readonly acknowledgeExit: (cell: CellNumber) => void;
  };
  /** Hands an input to the kernel; resolves when its events are durable. */
  readonly submit: (input: Input) => Promise<void>;
  /** Compiled code, environments: verified on read. */
  readonly artifact: (tenant: TenantId, hash: string) => Promise<Uint8Array | Refusal>;
  /** A guest's stack in the agent's own lines. */
  readonly trace: (
    tenant: TenantId,
    service: ServiceId,
    release: Release | undefined,
    stack: string,
  ) => Promise<string>;
  readonly log: (line: {
    readonly tenant: TenantId;
    readonly held: Held;
    readonly level: "ERROR" | "WARN" | "INFO" | "DEBUG";
    readonly text: string;
    readonly dropped: number;
  }) => void;
  /** The release of an incarnation, from the state. */
  readonly releaseOf: (tenant: TenantId, service: ServiceId) => Release | undefined;
  /** What a cell holds, as the state knows it. */
  readonly residents: (cell: CellNumber) => readonly Resident[];
  /** Those that live, and of which the state does not know the cell. */
  readonly unplaced: () => readonly Unplaced[];
  /** Services are started in the order of these events. */
  readonly deployedBy: (tenant: TenantId, service: ServiceId) => EventId | undefined;
  readonly timing: Timing;
  readonly connect: Connect;
}
