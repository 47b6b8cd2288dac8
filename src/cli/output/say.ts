/** How quantities are said to people. */

export function sayBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1024;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[at] ?? ""}`;
}

/** `45 s`, `3 m 20 s`, `2 h 5 m`, `4 d 1 h`. */
export function sayDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const parts: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "m"],
    [1, "s"],
  ];
  let rest = Math.floor(ms / 1_000);
  const said: string[] = [];
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 || said.length > 0) said.push(`${count} ${unit}`);
  }
  return said
    .slice(0, 2)
    .join(" ")
    .replace(/ 0 \w$/, "");
}

/** An uptime, known to the second. */
export const sayUptime = (seconds: bigint): string => (seconds === 0n ? "<1 s" : sayDuration(Number(seconds) * 1_000));

/** CPU time as the contract gives it, in microseconds. */
export const sayMicros = (micros: number): string => (micros < 1_000 ? `${micros} µs` : sayDuration(micros / 1_000));

/** Local time of day with milliseconds; the date goes before it unless it is today. */
export function sayInstant(ms: number, now: Date): string {
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
