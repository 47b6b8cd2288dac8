/** One event of the log as one line: number, time, what, about what, by whom, because of what, and its gist. */
import type { Event } from "../../api/index.ts";
import { cellLossShape, deathShape, isMisfit, sayDeath } from "../../base/index.ts";
import { oneLine, type Paint } from "./paint.ts";
import { sayInstant } from "./say.ts";

const typeWidth = 27;
const gistLengthMax = 160;

export function renderEvent(event: Event, paint: Paint, now: Date): string {
  const cause = event.causationId === 0n ? "" : `← ${event.causationId}`;
  const columns = [
    paint.dim(String(event.id).padStart(5)),
    paint.dim(sayInstant(Number(event.wallClockMs), now)),
    paint[colourOf(event.eventType)](oneLine(event.eventType).padEnd(typeWidth)),
    paint.bold(oneLine(event.subject).padEnd(16)),
    paint.dim(cause.padEnd(6)),
    paint.dim(oneLine(event.actor)),
    event.erased ? paint.dim("(erased)") : oneLine(gistOf(event.payload)).slice(0, gistLengthMax),
  ];
  return columns.join(" ").trimEnd();
}

function colourOf(type: string): keyof Paint {
  if (/failed|crashed|lost|rested|jumped/.test(type)) return "red";
  if (/kill|stopped|deleted|deletion|erased/.test(type)) return "yellow";
  return /deployed|restarted|started|created/.test(type) ? "green" : "cyan";
}

/** A death says itself; of everything else, the plain fields. */
export function gistOf(payload: unknown): string {
  if (typeof payload !== "object" || payload === null) return "";
  const parts: string[] = [];
  for (const [name, value] of Object.entries(payload)) {
    if (name === "death") {
      const death = deathShape(value);
      parts.push(isMisfit(death) ? "" : sayDeath(death));
    } else if (name === "loss") {
      const loss = cellLossShape(value);
      parts.push(isMisfit(loss) ? "" : loss.type);
    } else if (["string", "number", "boolean"].includes(typeof value)) {
      const text = String(value);
      parts.push(`${name}=${/^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text}`);
    } else if (name === "born" && Array.isArray(value)) {
      parts.push(value.map(pidIn).join(" "));
    }
  }
  return parts.filter((part) => part !== "").join("  ");
}

function pidIn(born: unknown): string {
  if (typeof born !== "object" || born === null || !("instance" in born) || !("incarnation" in born)) return "";
  return `<0.${String(born.instance)}.${String(born.incarnation)}>`;
}
