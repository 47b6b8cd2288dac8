/** Control groups: limits that the kernel keeps for a process and all that it becomes. */
export { Cgroups } from "./cgroups.ts";
export type { Group, GroupLimits } from "./group.ts";
