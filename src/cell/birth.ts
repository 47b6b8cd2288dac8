/** With what an incarnation is born: who it is, and what it may have. */
import type { IncarnationNumber, ResourceLimits, ServiceId } from "../base/index.ts";
import type { Level } from "../wire/index.ts";

export interface Birth {
  readonly service: ServiceId;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  readonly release: string;
  readonly limits: ResourceLimits;
  readonly environment: Readonly<Record<string, string>>;
  readonly logLevel: Level;
  /** It was at work when its last cell died. */
  readonly probation: boolean;
}
