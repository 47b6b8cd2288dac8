/**
 * Puts a deployment's artifacts; a tenant that has no room for them first loses those that no release of it names any more. One
 * that was deleted meanwhile keeps nothing: what was put too late to be erased with it goes with the hold.
 */
import { isRefusal, type TenantId } from "../base/index.ts";
import type { ArtifactHold, EventLog } from "../store/index.ts";

export function holdArtifacts(
  log: EventLog,
  tenant: TenantId,
  isThere: () => boolean,
  prune: () => void,
): ArtifactHold {
  const hold = log.holdArtifacts(tenant);
  return {
    put: async (bytes) => {
      const stored = await hold.put(bytes);
      if (!isRefusal(stored) || stored.refused !== "QUOTA_EXCEEDED") return stored;
      prune();
      return hold.put(bytes);
    },
    [Symbol.dispose]: () => {
      hold[Symbol.dispose]();
      if (!isThere()) prune();
    },
  };
}
