/**
 * sandbox: JAILS a process. So far: the few calls of libc that Node does not offer, through node:ffi, and the module that
 * ties a child's life to its parent's. The jail itself (bubblewrap, seccomp, Landlock, cgroups) is not here yet; whoever
 * starts cells says so loudly.
 */
export { dieWithParentModule } from "./lifeline.ts";
export { type Libc, listen, openLibc, readProcUnits, tryLock } from "./libc.ts";
