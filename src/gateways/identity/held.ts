/** The node's own certificates, read from the disk when asked. One that cannot be read is not in the list: the next start refuses it. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HeldCertificate } from "../inspection.ts";
import { fingerprintOf } from "./mint.ts";

export const readHeld = (
  files: readonly { readonly name: string; readonly cert: string }[],
): readonly HeldCertificate[] =>
  files.flatMap(({ name, cert }) => {
    try {
      const pem = readFileSync(cert, "utf8");
      const { validFromDate, validToDate } = new X509Certificate(pem);
      return [
        {
          name,
          notBeforeMs: validFromDate.getTime(),
          notAfterMs: validToDate.getTime(),
          fingerprint: fingerprintOf(pem),
        },
      ];
    } catch {
      return [];
    }
  });
