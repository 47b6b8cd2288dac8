/** One event of the log as one line: number, time, what, about what, by whom, because of what, and its gist. */
import type { Event } from "../../api/index.ts";
import { cellLossShape, deathShape, isMisfit, sayDeath } from "../../base/index.ts";
import { oneLine, type Paint } from "./paint.ts";
import { sayInstant } from "./say.ts";

const gistLengthMax = 160;

export interface Widths {
  readonly type: number;
  readonly subject: number;
}
const widthsMin: Widths = { type: 25, subject: 12 };

/** How wide the columns of a page are; never narrower than usual, so that the pages of a stream stand under one another. */
export const widthsOf = (events: readonly Event[]): Widths => ({
  type: Math.max(widthsMin.type, ...events.map(({ eventType }) => eventType.length)),
  subject: Math.max(widthsMin.subject, ...events.map(({ subject }) => subject.length)),
});

export function renderEvents(events: readonly Event[], paint: Paint, now: Date): string {
  const widths = widthsOf(events);
  return events.map((event) => renderEvent(event, paint, now, widths)).join("\n");
}

export function renderEvent(event: Event, paint: Paint, now: Date, widths: Widths = widthsMin): string {
  const cause = event.causationId === 0n ? "" : `← ${event.causationId}`;
  const columns = [
    paint.dim(String(event.id).padStart(5)),
    paint.dim(sayInstant(Number(event.wallClockMs), now)),
    paint[colourOf(event.eventType)](oneLine(event.eventType).padEnd(widths.type)),
    paint.bold(oneLine(event.subject).padEnd(widths.subject)),
    paint.dim(cause.padEnd(6)),
    paint.dim(oneLine(event.actor).padEnd(14)),
    event.erased ? paint.dim("(erased)") : oneLine(gistOf(event, now)).slice(0, gistLengthMax),
  ];
  return columns.join(" ").trimEnd();
}

function colourOf(type: string): keyof Paint {
  if (/failed|crashed|lost|rested|jumped|opened|rose/.test(type)) return "red";
  if (/kill|stopped|deleted|deletion|erased|violation/.test(type)) return "yellow";
  return /deployed|restarted|started|created|closed|fell/.test(type) ? "green" : "cyan";
}

/** What the payload says that the other columns do not: a death in words, pids, times, and what else is plain. */
function gistOf(event: Event, now: Date): string {
  const payload: Readonly<Record<string, unknown>> = event.payload ?? {};
  // A death says most.
  const fields = Object.entries(payload).toSorted(([a], [b]) => Number(b === "death") - Number(a === "death"));
  const parts = fields.map(([name, value]) => partOf(name, value, event, now));
  const { instance, incarnation } = payload;
  const pid = typeof instance === "number" && typeof incarnation === "number" ? sayPid(payload) : "";
  return [pid, ...parts].filter((part) => part !== "").join("  ");
}

function partOf(name: string, value: unknown, event: Event, now: Date): string {
  switch (name) {
    case "service":
    case "instance":
    case "incarnation":
      return value === event.subject || typeof value === "number" ? "" : `${name}=${String(value)}`;
    case "death": {
      const death = deathShape(value);
      return isMisfit(death) ? "" : sayDeath(death);
    }
    case "loss": {
      const loss = cellLossShape(value);
      return isMisfit(loss) ? "" : loss.type;
    }
    case "born":
      return Array.isArray(value) ? value.map(sayPid).join(" ") : "";
    case "at":
    case "until":
    case "notAfterMs":
      return typeof value === "number" ? `${name} ${sayInstant(value, now)}` : "";
    default:
      return sayPlain(name, value);
  }
}

function sayPlain(name: string, value: unknown): string {
  switch (typeof value) {
    case "boolean":
      return value ? name : "";
    case "number":
      return name.endsWith("Ms") ? `${name.slice(0, -2)} ${value} ms` : `${name}=${value}`;
    case "string":
      return `${name}=${/^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value}`;
    default:
      // Records have their place in --json.
      return "";
  }
}

function sayPid(born: unknown): string {
  if (typeof born !== "object" || born === null || !("instance" in born) || !("incarnation" in born)) return "";
  return `<0.${String(born.instance)}.${String(born.incarnation)}>`;
}
