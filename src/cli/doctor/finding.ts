/** What doctor found: one line about one thing. */
export type Level = "ok" | "warn" | "fail";

export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly says: string;
  /** What to do about it; only of warnings and failures. */
  readonly remedy?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, level: "ok", says });
export const warn = (check: string, says: string, remedy: string): Finding => ({ check, level: "warn", says, remedy });
export const fail = (check: string, says: string, remedy: string): Finding => ({ check, level: "fail", says, remedy });

export const causeOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
