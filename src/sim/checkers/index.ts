/** One checker for each promise, or for each side of one. Each is told every fact, and keeps what it needs by itself. */
import type { Checker } from "../world/facts.ts";
import { p2Authority } from "./p2-authority.ts";
import { p3Answers } from "./p3-answers.ts";
import { p3Log } from "./p3-log.ts";
import { p3Replay } from "./p3-replay.ts";
import { p3Requests } from "./p3-requests.ts";
import { p4Deaths } from "./p4-deaths.ts";
import { p4Running } from "./p4-running.ts";
import { p5Survivors } from "./p5-survivors.ts";
import { p6Bounds } from "./p6-bounds.ts";
import { liveness } from "./liveness.ts";
import { supervision } from "./supervision.ts";

export const makeCheckers = (): readonly Checker[] => [
  p2Authority(),
  p3Log(),
  p3Answers(),
  p3Replay(),
  p3Requests(),
  p4Deaths(),
  p4Running(),
  p5Survivors(),
  p6Bounds(),
  supervision(),
  liveness(),
];
