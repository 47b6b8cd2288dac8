/**
 * cell: HOSTS isolates, in a process of its own that belongs to one tenant. A program (`main.ts`, bundled into the guest
 * image as `cell.cjs`): nobody imports it, so its door opens onto nothing. May assume nothing of guests; trusts the kernel
 * of the newest epoch. Keeps P1 inside the process (one isolate per service, lanes, limits) and P4 (every end is reported
 * with its reason until it is acknowledged).
 */
export {};
