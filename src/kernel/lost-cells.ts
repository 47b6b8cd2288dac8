/**
 * The cells that the log has as lost. A kernel may die before it can acknowledge a loss: the next one is told of it again.
 * Told by the header alone: the payload may be erased, and a replay without it must give the same state.
 */
import { type CellNumber, cellNumber } from "../base/index.ts";
import { lostCellsKeptMax } from "./defaults.ts";
import type { Event } from "./event.ts";

const subject = "cell ";

export const subjectOf = (cell: CellNumber): string => `${subject}${cell}`;

export function noteLost(lost: Set<CellNumber>, event: Event): void {
  const number = Number(event.subject.slice(subject.length));
  if (!event.subject.startsWith(subject) || !Number.isSafeInteger(number) || number < 0) return;
  lost.add(cellNumber(number));
  for (const oldest of lost) {
    if (lost.size <= lostCellsKeptMax) return;
    lost.delete(oldest);
  }
}
