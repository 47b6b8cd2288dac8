/**
 * The tiers that can be tested on this machine, and why not the others. Continuous integration tests both: there a missing
 * package fails their tests, unless .ci/run has said that it could not install it.
 */
import process from "node:process";
import { findBubblewrap } from "../../src/sandbox/bubblewrap.ts";

const linux = process.platform === "linux";
const mustHaveBoth = process.env["CI"] === "true" && process.env["SOLO_CI_WITHOUT_BUBBLEWRAP"] === undefined;

export const onlyLinux = linux ? false : "only on Linux";

export const testedTiers = [
  {
    tier: "bubblewrap",
    skip:
      linux && !mustHaveBoth && findBubblewrap(process.env["PATH"]) === undefined
        ? "bwrap is not installed (Debian: apt-get install bubblewrap)"
        : onlyLinux,
  },
  { tier: "launcher", skip: onlyLinux },
] as const;
