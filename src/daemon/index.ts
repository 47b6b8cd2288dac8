/**
 * daemon: WIRES the kernel process: picks the parts, hands each the narrowest power that serves it, starts them in order
 * and stops them in the opposite one. A program (`main.ts`, started by init): nobody imports it, so its door opens onto
 * nothing. Its entry is where the process's ambient authority begins and ends.
 */
export {};
