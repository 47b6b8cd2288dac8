/** The tiers that can be tested on this machine, and why not the others. */
import process from "node:process";
import { findBubblewrap } from "../../src/sandbox/bubblewrap.ts";

const linux = process.platform === "linux";

export const onlyLinux = linux ? false : "only on Linux";

export const testedTiers = [
  {
    tier: "bubblewrap",
    skip:
      linux && findBubblewrap(process.env["PATH"]) === undefined
        ? "bwrap is not installed (Debian: apt-get install bubblewrap)"
        : onlyLinux,
  },
  { tier: "launcher", skip: onlyLinux },
] as const;
