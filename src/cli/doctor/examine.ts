/** All of doctor's checks, in the order in which one thing needs another. None of them changes anything. */
import { findInit } from "../node-files.ts";
import type { Context } from "../command.ts";
import { examineCertificates } from "./certificates.ts";
import { examineDataDir } from "./data-dir.ts";
import type { Finding } from "./finding.ts";
import { examineMachine } from "./machine.ts";
import { examineNode } from "./node.ts";
import { examineRuntime } from "./runtime.ts";

export async function examine(context: Context): Promise<readonly Finding[]> {
  const init = findInit(context.global.dataDir);
  return [
    ...(await examineRuntime()),
    ...examineMachine(context.now().getTime()),
    ...examineDataDir(context.global.dataDir, context.now().getTime()),
    ...examineCertificates(context.global.dataDir, context.now().getTime()),
    ...(await examineNode(context, init)),
  ];
}
