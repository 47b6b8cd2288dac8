/**
 * Fingerprints of requests, as the log keeps them. A request may hold what can be guessed (an environment's values): with a
 * key that only this node has, nobody who reads the log can tell whether a guess is right.
 */
import { createHmac } from "node:crypto";

/** Lower-case hex HMAC-SHA-256. */
export const makeFingerprint =
  (key: Uint8Array) =>
  (parts: readonly (string | Uint8Array)[]): string => {
    const hmac = createHmac("sha256", key);
    for (const part of parts) {
      // Lengths keep ["ab", "c"] apart from ["a", "bc"].
      hmac.update(`${typeof part === "string" ? Buffer.byteLength(part) : part.length}:`);
      hmac.update(part);
    }
    return hmac.digest("hex");
  };
