/**
 * sandbox: JAILS a process. Bubblewrap or, without it, a launcher of our own; filters of system calls in two stages; the
 * few calls of libc that Node does not offer; and the module that ties a child's life to its parent's. Keeps P1 together
 * with the cell: what breaks out of V8 is still in here.
 */
export { type Command, type Jail, type Prepared, type Program, type Tier, tiers } from "./jail.ts";
export { dieWithParentModule } from "./lifeline.ts";
export { type MakeMemoryFile, openMemoryFiles } from "./memory-file.ts";
export { hasAttribute, type Libc, listen, openLibc, readProcUnits, tryLock } from "./libc.ts";
export { Cgroups, type Group } from "./cgroups/index.ts";
export { type Layer, type LayerName, layerMeanings, layerNames } from "./layers.ts";
export {
  type Inhabitant,
  makeNoJail,
  namesOf,
  openSandbox,
  type Sandbox,
  type SandboxGround,
  type SandboxReport,
  type SandboxWish,
} from "./sandbox.ts";
export { hasOwnUsers } from "./users.ts";
