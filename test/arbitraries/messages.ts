/** Messages of every type that is said between kernel, cells, builder and init. */
import fc from "fast-check";
import type {
  BuilderToKernel,
  CallFailure,
  CallMark,
  CellReport,
  CellToKernel,
  DeadCell,
  Designated,
  Diagnostic,
  InitToKernel,
  KernelToBuilder,
  KernelToCell,
  KernelToInit,
  LivingCell,
  Usage,
} from "../../src/wire/index.ts";
import {
  cell,
  cellLoss,
  death,
  epoch,
  guestError,
  incarnation,
  release,
  resourceLimits,
  sandboxFound,
  service,
  tenant,
} from "./base.ts";
import { fields, listed, named, type Parts, type Variants, variants, whole, word, words } from "./typed.ts";

const id = whole(0);
const instance = whole(1, 10_000);
const level = word({ ERROR: true, WARN: true, INFO: true, DEBUG: true });
const timeoutMs = whole(1, 600_000);
const chain = listed(incarnation);
const slots = listed(fields<Designated>([{ service }, { incarnation }]));

const failure = fields<CallFailure>([
  {
    code: word({
      METHOD_NOT_FOUND: true,
      CALL_FAILED: true,
      CALL_TIMEOUT: true,
      CALL_LOST: true,
      CALL_CYCLE: true,
      CALL_TOO_DEEP: true,
      MAILBOX_FULL: true,
      NOT_SERIALIZABLE: true,
      SERVICE_NOT_FOUND: true,
      SERVICE_NOT_RUNNING: true,
      OVERLOADED: true,
      TOO_LARGE: true,
      SHUTTING_DOWN: true,
      CIRCUIT_OPEN: true,
    }),
    executed: word({ not_executed: true, unknown: true, executed: true }),
    message: words,
  },
  { retryAfterMs: whole(0), error: guestError },
]);

const mark = fields<CallMark>([
  { key: words },
  { again: fields<NonNullable<CallMark["again"]>>([{ sinceMs: whole(0), lives: chain, begin: fc.boolean() }]) },
]);

// Some field of each of these is data that a guest chose: names may be anything but the one that is no own key in a literal.
const variable = words.filter((name) => name !== "__proto__");

export const kernelToCell: Variants<KernelToCell> = {
  hello: [{ epoch, cell }],
  adopt: [{ tenant }],
  load: [
    {
      service,
      instance,
      incarnation,
      release,
      limits: resourceLimits,
      environment: named(variable, words, 3),
      logLevel: level,
      probation: fc.boolean(),
    },
  ],
  stop: [{ incarnation, death, graceMs: whole(0, 600_000) }],
  call: [
    { id, incarnation, method: words, timeoutMs, from: words, chain },
    { slots, request: mark },
  ],
  cast: [{ incarnation, method: words, from: words }, { slots }],
  send: [{ incarnation, from: words }, { slots }],
  answer: [{ id }, { failure, slots }],
  throttle: [{ incarnation, throttled: fc.boolean() }],
  inspect: [{ id }, { incarnations: chain }],
  acknowledge: [{ report: whole(0) }],
};

const life = { service, instance, incarnation };

const report = variants<CellReport>({
  started: [{ ...life, tookMs: whole(0) }],
  ended: [{ ...life, death, started: fc.boolean() }],
});

type Held = Extract<CellToKernel, { readonly type: "welcome" }>["incarnations"][number];
type Used = Extract<CellToKernel, { readonly type: "inspected" }>["usages"][number];

const usage = fields<Usage>([
  { memoryBytes: whole(0, 2 ** 37), mailboxLength: whole(0, 2 ** 24), cpuMicros: whole(0) },
  { processes: whole(0, 2 ** 24) },
]);

export const cellToKernel: Variants<CellToKernel> = {
  welcome: [
    {
      incarnations: listed(fields<Held>([{ ...life, phase: word({ starting: true, running: true, stopping: true }) }])),
    },
    { tenant },
  ],
  fenced: [{ current: epoch }],
  report: [{ number: whole(1), report }],
  outcome: [{ id }, { failure, slots }],
  call: [
    { id, caller: incarnation, service, method: words, timeoutMs, chain },
    { incarnation, slots },
  ],
  cast: [
    { caller: incarnation, service, method: words },
    { incarnation, slots },
  ],
  send: [
    { caller: incarnation, service },
    { incarnation, slots },
  ],
  log: [{ incarnation, level, text: words, dropped: whole(0) }],
  inspected: [{ id, usages: listed(fields<Used>([{ incarnation, usage }])) }],
};

const living: Parts<LivingCell> = [{ cell, socket: words, osPid: whole(1) }, { tenant }];
type Census = Extract<InitToKernel, { readonly type: "census" }>;
const used = fields<Census["cells"][number]>([{ cell, rssBytes: whole(0), cpuMs: whole(0) }]);
const turns = listed(fields<NonNullable<DeadCell["turns"]>[number]>([{ incarnation, lastedMs: whole(0) }]));
const initUse = fields<NonNullable<Census["init"]>>([
  { rssBytes: whole(0), descriptors: whole(0), descriptorsMax: whole(1) },
]);
const ending = { why: words, deadlineMs: whole(0, 600_000) };

export const initToKernel: Variants<InitToKernel> = {
  begin: [
    {
      epoch,
      boot: words,
      grpcFd: whole(3),
      grpcAddress: words,
      builderSocket: words,
      image: words,
      cells: listed(fields<LivingCell>(living)),
      exits: listed(fields<DeadCell>([{ cell, loss: cellLoss }, { turns }])),
      sandbox: listed(words),
      sandboxFound,
    },
    { safeMode: words },
  ],
  cell_spawned: [{ cell, socket: words, osPid: whole(1) }],
  cell_exited: [{ cell, loss: cellLoss }, { turns }],
  builder_spawned: [{ socket: words }],
  census: [{ cells: listed(used) }, { init: initUse }],
  shutdown: [ending],
};

export const kernelToInit: Variants<KernelToInit> = {
  ready: [{ recoveredMs: whole(0) }],
  beat: [{}],
  spawn_cell: [{ cell, rssBytesMax: whole(1) }],
  limit_cell: [{ cell, rssBytesMax: whole(1) }, { cpuWeight: whole(1, 10_000) }],
  assign_cell: [{ cell, tenant }, { tier: word({ user: true, system: true }) }],
  kill_cell: [{ cell, loss: cellLoss }],
  acknowledge_exit: [{ cell }],
  request_shutdown: [ending],
  stopped: [{ outcome: word({ clean: true, deadline: true }) }],
};

export const kernelToBuilder: Variants<KernelToBuilder> = {
  hello: [{ epoch }],
  compile: [{ id, scope: words, file: words, format: word({ typescript: true, javascript: true }) }],
  trace: [{ id, file: words, stack: words }],
};

const diagnostics = listed(
  fields<Diagnostic>([
    {
      severity: word({ error: true, warning: true }),
      message: words,
      file: words,
      line: whole(0, 2 ** 31 - 1),
      column: whole(0, 2 ** 31 - 1),
      excerpt: words,
    },
  ]),
);

export const builderToKernel: Variants<BuilderToKernel> = {
  welcome: [{ versions: words }],
  compiled: [{ id, codeBytes: whole(0), warnings: diagnostics, cached: fc.boolean() }],
  rejected: [{ id, errors: diagnostics }],
  traced: [{ id, stack: words }],
  failed: [{ id, problem: words }, { hint: words }],
};
