import { create } from "@bufbuild/protobuf";
import { LogEntrySchema, type LogEntry } from "../../api/index.ts";
import { pidOf } from "../../base/index.ts";
import type { LogLine } from "../ports.ts";

/** A line of a service's log, in the contract's words. */
export const logEntryOf = (line: LogLine): LogEntry =>
  create(LogEntrySchema, {
    timestampMs: BigInt(Math.trunc(line.atMs)),
    level: line.level,
    message: line.text,
    pid: pidOf(line),
  });
