/**
 * How near the node is to the end of what everybody in it shares. Pure: gauges are arguments, and what changed is returned.
 *
 *   calm ── 80 % ──▶ warned ── 90 % at two looks in a row ──▶ pressed ── below 85 % ──▶ warned ── below 75 % ──▶ calm
 */
import type { CellNumber } from "../base/index.ts";
import type { SharedResource } from "../kernel/index.ts";

export interface Gauge {
  readonly what: SharedResource;
  readonly used: number;
  readonly limit: number;
  /** Where each cell has its own limit. */
  readonly cell?: CellNumber;
}

export interface PressureChange extends Gauge {
  readonly direction: "rose" | "fell";
  readonly percent: 80 | 90;
}

interface Level {
  gauge: Gauge;
  warned: boolean;
  pressed: boolean;
  /** Looks in a row at 90 % or more. */
  high: number;
}

/** It fell only when it is this much below, so that nothing is told again and again. */
const slackPercent = 5;

export const percentOf = ({ used, limit }: Gauge): number => (used / Math.max(1, limit)) * 100;

export class Pressure {
  readonly #levels = new Map<string, Level>();

  judge(gauges: readonly Gauge[]): readonly PressureChange[] {
    const changes: PressureChange[] = [];
    const seen = new Set<string>();
    for (const gauge of gauges) {
      const key = `${gauge.what}/${gauge.cell ?? ""}`;
      seen.add(key);
      const level = this.#levels.get(key) ?? { gauge, warned: false, pressed: false, high: 0 };
      this.#levels.set(key, level);
      changes.push(...rise(level, gauge));
    }
    // A cell that is gone presses nobody.
    for (const [key, { gauge, warned, pressed }] of this.#levels) {
      if (seen.has(key)) continue;
      this.#levels.delete(key);
      const none = { ...gauge, used: 0, direction: "fell" } as const;
      if (pressed) changes.push({ ...none, percent: 90 });
      if (warned) changes.push({ ...none, percent: 80 });
    }
    return changes;
  }

  /** What is at 90 % right now: nothing new is taken in. */
  get pressing(): readonly Gauge[] {
    return [...this.#levels.values()].filter(({ pressed }) => pressed).map(({ gauge }) => gauge);
  }
}

function* rise(level: Level, gauge: Gauge): Generator<PressureChange> {
  const percent = percentOf(gauge);
  level.gauge = gauge;
  level.high = percent >= 90 ? level.high + 1 : 0;
  if (!level.warned && percent >= 80) {
    level.warned = true;
    yield { ...gauge, direction: "rose", percent: 80 };
  }
  if (!level.pressed && level.high >= 2) {
    level.pressed = true;
    yield { ...gauge, direction: "rose", percent: 90 };
  }
  if (level.pressed && percent < 90 - slackPercent) {
    level.pressed = false;
    yield { ...gauge, direction: "fell", percent: 90 };
  }
  if (level.warned && percent < 80 - slackPercent) {
    level.warned = false;
    yield { ...gauge, direction: "fell", percent: 80 };
  }
}
