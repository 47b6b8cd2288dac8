/**
 * init ⇄ kernel, over the Node IPC channel that init opened when it spawned the kernel (JSON messages). Sockets are named
 * relative to the run directory, which is the working directory of init and kernel (paths of Unix sockets are short).
 */
import {
  cellLossShape,
  listOf,
  type Of,
  oneOf,
  optional,
  record,
  sandboxFoundShape,
  text,
  union,
  whole,
} from "../base/index.ts";
import { recordedTurnShape } from "./flight-record.ts";
import { cellShape, epochShape, tenantShape } from "./words.ts";

const tierShape = oneOf("user", "system");

/**
 * A cell process that is alive: connect to `socket`. `tenant`: whose it is, as a kernel said; what the cell itself says must
 * agree. `tier`: of which tier its services are, and were; known of every cell that is somebody's.
 */
const livingCellShape = record({
  cell: cellShape,
  socket: text(100),
  osPid: whole(1),
  tenant: optional(tenantShape),
  tier: optional(tierShape),
});
export type LivingCell = Of<typeof livingCellShape>;

/** What was under way in a cell when it ended, and may have ended it; absent: nobody knows. */
const turnsShape = optional(listOf(recordedTurnShape, 1_000));

/** A cell process that ended, kept by init until acknowledged. */
const deadCellShape = record({ cell: cellShape, loss: cellLossShape, turns: turnsShape });
export type DeadCell = Of<typeof deadCellShape>;

export const initToKernelShape = union({
  /** First message. `boot` is new for each init, so that a kernel can tell a restarted node from a restarted kernel. */
  begin: record({
    epoch: epochShape,
    boot: text(64),
    grpcFd: whole(3),
    grpcAddress: text(256),
    builderSocket: text(100),
    image: text(4_096),
    cells: listOf(livingCellShape, 10_000),
    exits: listOf(deadCellShape, 10_000),
    /** Set: start in read-only safe mode, for this reason. */
    safeMode: optional(text(2_000)),
    /** Sandbox layers that are active; empty means none. */
    sandbox: listOf(text(64), 20),
    /** All that was found of it, layer by layer. */
    sandboxFound: sandboxFoundShape,
  }),
  cell_spawned: record({ cell: cellShape, socket: text(100), osPid: whole(1) }),
  cell_exited: record({ cell: cellShape, loss: cellLossShape, turns: turnsShape }),
  /** The builder was (re)started; connect to its socket again. */
  builder_spawned: record({ socket: text(100) }),
  /**
   * Resident memory and CPU time of each cell, about once a second. `init`: resident memory of init and all that is neither
   * kernel nor cell, together, and the descriptors that init has and may have.
   */
  census: record({
    cells: listOf(record({ cell: cellShape, rssBytes: whole(0), cpuMs: whole(0) }), 10_000),
    init: optional(record({ rssBytes: whole(0), descriptors: whole(0), descriptorsMax: whole(1) })),
  }),
  /** Shut down gracefully: everything done by `deadlineMs` from now, then exit 0. */
  shutdown: record({ why: text(200), deadlineMs: whole(0, 600_000) }),
});
export type InitToKernel = Of<typeof initToKernelShape>;

export const kernelToInitShape = union({
  /** Replayed, re-adopted, listening. */
  ready: record({ recoveredMs: whole(0) }),
  /** Its event loop turns: said about once a second while it serves. */
  beat: record({}),
  /** Answered by `cell_spawned` or `cell_exited` with loss `spawn`. The kernel chooses the number, never twice the same. */
  spawn_cell: record({ cell: cellShape, rssBytesMax: whole(1) }),
  /** `cpuWeight`: its share of the processor beside other cells; 100 is one ordinary share. */
  limit_cell: record({ cell: cellShape, rssBytesMax: whole(1), cpuWeight: optional(whole(1, 10_000)) }),
  /**
   * The cell is this tenant's, once and for ever. Said before the cell is told: it has no say in it. `tier`: of the services
   * that will live in it; of users', unless it says otherwise.
   */
  assign_cell: record({ cell: cellShape, tenant: tenantShape, tier: optional(tierShape) }),
  kill_cell: record({ cell: cellShape, loss: cellLossShape }),
  /** The loss of this cell is durable: init may forget its exit status. */
  acknowledge_exit: record({ cell: cellShape }),
  /** A client asked for a shutdown: init orders it as if it had got SIGTERM. */
  request_shutdown: record({ why: text(200), deadlineMs: whole(0, 600_000) }),
  /** All services ended and the log is closed: init kills what is left and exits. */
  stopped: record({ outcome: oneOf("clean", "deadline") }),
});
export type KernelToInit = Of<typeof kernelToInitShape>;

/** Marks a kernel that is started in reserve, until it has `begin`. */
export const heirArgument = "--heir";

/**
 * A kernel that exits with this code before it was ever ready refuses to start at all (an unreadable certificate, say): the
 * last lines that it wrote to stderr say why, init ends with them, and nothing is tried again.
 */
export const kernelRefusedExitCode = 78;
