import { service } from "../e2e/asking.ts";

/** Keeps its callers waiting as long as they ask for. */
export const sleeper: Buffer = service(`
  sleep(ms: number) { return new Promise((done) => setTimeout(() => done("slept"), ms)); }
  ping() { return "pong"; }`);
