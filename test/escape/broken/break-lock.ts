import { Account, brokenOut, type Deed } from "../broken-out.ts";
import { at, memory } from "../fixtures/hands.ts";

export const attack = brokenOut("break-lock", "ways around the filter, and limits of its own choice");

const [allow, setFilter] = [0x7fff_0000, 22] as const;

export const deed: Deed = ({ aims }) => {
  const account = new Account();
  // One instruction that allows everything, and its description.
  memory.fill(0, 0, 64);
  memory.writeUInt16LE(0x06, 0);
  memory.writeUInt32LE(allow, 4);
  memory.writeUInt16LE(1, 16);
  memory.writeBigUInt64LE(at(0), 24);
  account.bare("seccomp", 1, 0, at(16));
  if (!aims.free) {
    account.bare("seccomp", 0, 0, 0);
    account.bare("prctl", setFilter, 2, at(16));
    // Calls that no filter can look into; some machines refuse them to everybody.
    account.bare("io_uring_setup", 0, 0);
    account.bare("io_uring_enter", -1, 0, 0, 0);
  }
  account.bare("landlock_create_ruleset", 0, 0, 1);
  for (const [resource, most] of [
    [7, 4_096n],
    [4, 2n ** 40n],
  ] as const) {
    memory.writeBigUInt64LE(most, 32);
    memory.writeBigUInt64LE(most, 40);
    account.bare("prlimit64", 0, resource, at(32), 0n);
  }
  return account.done;
};
