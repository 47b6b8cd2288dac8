/** Kernel ⇄ builder. Requests carry an id and are answered once each, in any order. */
import { type Of, flag, listOf, oneOf, optional, record, text, union, whole } from "../base/index.ts";
import { callIdShape, epochShape } from "./words.ts";

/** What is wrong with a source, at a place counted from line 1, column 1, with the lines around it. */
export const diagnosticShape = record({
  severity: oneOf("error", "warning"),
  message: text(2_000),
  file: text(256),
  // As the contract has them.
  line: whole(0, 2 ** 31 - 1),
  column: whole(0, 2 ** 31 - 1),
  /** A few lines with a caret under the place. */
  excerpt: text(4_000),
});
export type Diagnostic = Of<typeof diagnosticShape>;

export const kernelToBuilderShape = union({
  hello: record({ epoch: epochShape }),
  /** Body: the source, UTF-8. `file` names it in diagnostics and stacks, e.g. `counter.ts`. */
  compile: record({
    id: callIdShape,
    /** Whose source it is: cached results are shared only within a scope, so that nobody can tell what others compiled. */
    scope: text(64),
    file: text(256),
    format: oneOf("typescript", "javascript"),
  }),
  /** Rewrites a guest's stack to the agent's own lines. Body: the source map that `compile` gave. */
  trace: record({ id: callIdShape, file: text(256), stack: text(8_000) }),
});
export type KernelToBuilder = Of<typeof kernelToBuilderShape>;

export const builderToKernelShape = union({
  welcome: record({ versions: text(256) }),
  /** Body: `codeBytes` of JavaScript, then the source map (JSON). `cached`: from the builder's own cache. */
  compiled: record({
    id: callIdShape,
    codeBytes: whole(0),
    warnings: listOf(diagnosticShape, 100),
    cached: flag,
  }),
  rejected: record({ id: callIdShape, errors: listOf(diagnosticShape, 100) }),
  traced: record({ id: callIdShape, stack: text(8_000) }),
  /** The request itself was not understood. */
  failed: record({ id: callIdShape, problem: text(500), hint: optional(text(500)) }),
});
export type BuilderToKernel = Of<typeof builderToKernelShape>;
