/** A line that a service logged, as it is kept in memory and in files. */
import {
  incarnationNumber,
  type IncarnationNumber,
  isMisfit,
  limits,
  oneOf,
  record,
  text,
  whole,
} from "../base/index.ts";

export interface ServiceLine {
  readonly atMs: number;
  readonly level: "ERROR" | "WARN" | "INFO" | "DEBUG";
  readonly text: string;
  readonly instance: number;
  readonly incarnation: IncarnationNumber;
  /** Lines that the rate limit dropped before this one. */
  readonly dropped: number;
}

const storedShape = record({
  atMs: whole(0),
  level: oneOf("ERROR", "WARN", "INFO", "DEBUG"),
  text: text(limits.logLineBytesMax * 2),
  instance: whole(0),
  incarnation: whole(0),
  dropped: whole(0),
});

/** Undefined for what is no line: a file may have been cut off, or touched. */
export function parseLine(json: string): ServiceLine | undefined {
  try {
    const stored = storedShape(JSON.parse(json));
    return isMisfit(stored) ? undefined : { ...stored, incarnation: incarnationNumber(stored.incarnation) };
  } catch {
    return undefined;
  }
}
