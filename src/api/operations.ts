/**
 * The operation table: every RPC once, with what all gateways must know of it. The names, kinds and schemas come from the
 * compiled contract; what the contract cannot say stands here. An RPC without a row does not compile.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import { SoloKernel } from "./gen/solo/v1/solo_pb.ts";

/** A method of the contract: `deploy`, `queryEvents`, … */
export type OperationName = keyof typeof SoloKernel.method;

interface Rule {
  /** `admin`: others are refused NOT_ADMIN. `both`: a tenant acts on what is its own. */
  readonly who: "admin" | "both";
  /** It appends to the log: refused while the node is read-only. */
  readonly mutates: boolean;
  /**
   * What happens if it is sent twice. `same`: nothing more than once. `request_id`: nothing more, if it carries a
   * request_id. `again`: it runs again.
   */
  readonly repeated: "same" | "request_id" | "again";
  /** Where it is not, it is refused UNIMPLEMENTED. */
  readonly implemented: boolean;
}

const reads = { mutates: false, repeated: "same" } as const;
const changes = { mutates: true, repeated: "request_id" } as const;
const runs = { mutates: false, repeated: "again" } as const;
/** Its service's cell knows it again. */
const runsOnce = { mutates: false, repeated: "request_id" } as const;

const here = true;
const notYet = false;

const rules = {
  deploy: { who: "both", ...changes, implemented: here },
  status: { who: "both", ...reads, implemented: here },
  kill: { who: "both", ...changes, implemented: here },
  watch: { who: "both", ...reads, implemented: here },
  list: { who: "both", ...reads, implemented: here },
  call: { who: "both", ...runsOnce, implemented: here },
  cast: { who: "both", ...runs, implemented: here },
  validate: { who: "both", ...reads, implemented: here },

  grantCapability: { who: "both", ...changes, implemented: notYet },
  revokeCapability: { who: "both", ...changes, implemented: notYet },
  verifyCapability: { who: "both", ...reads, implemented: notYet },
  attenuateCapability: { who: "both", ...changes, implemented: notYet },
  update: { who: "both", ...changes, implemented: notYet },
  hotSwap: { who: "both", ...changes, implemented: notYet },
  rollback: { who: "both", ...changes, implemented: notYet },
  registerService: { who: "both", ...changes, implemented: notYet },
  discoverServices: { who: "both", ...reads, implemented: notYet },
  storeSecret: { who: "both", ...changes, implemented: notYet },
  retrieveSecret: { who: "both", ...reads, implemented: notYet },
  listSecrets: { who: "both", ...reads, implemented: notYet },
  revokeSecret: { who: "both", ...changes, implemented: notYet },

  queryEvents: { who: "both", ...reads, implemented: here },
  watchEvents: { who: "both", ...reads, implemented: here },
  replayState: { who: "both", ...reads, implemented: here },
  verifyLog: { who: "admin", ...reads, implemented: here },
  audit: { who: "admin", ...reads, implemented: here },

  createTenant: { who: "admin", ...changes, implemented: here },
  deleteTenant: { who: "admin", ...changes, implemented: here },
  listTenants: { who: "admin", ...reads, implemented: here },
  // Its key is shown once: the same request_id cannot show it again.
  issueCertificate: { who: "admin", mutates: true, repeated: "again", implemented: here },
  // It must work on a read-only node too: its end is not written by a turn that it takes.
  shutdown: { who: "admin", mutates: false, repeated: "request_id", implemented: here },
} as const satisfies Record<OperationName, Rule>;

/** Operations that have a handler. */
export type ImplementedName = {
  [K in OperationName]: (typeof rules)[K]["implemented"] extends true ? K : never;
}[OperationName];

/** Implemented operations that answer once, and those that stream. */
export type UnaryName = {
  [K in ImplementedName]: (typeof SoloKernel.method)[K]["methodKind"] extends "unary" ? K : never;
}[ImplementedName];
export type StreamName = Exclude<ImplementedName, UnaryName>;

export type Schemas<K extends OperationName> = {
  readonly input: (typeof SoloKernel.method)[K]["input"];
  readonly output: (typeof SoloKernel.method)[K]["output"];
};

export interface Operation extends Rule {
  readonly name: OperationName;
  /** As people and the wire write it: `QueryEvents`. */
  readonly rpc: string;
  /** `/solo.v1.SoloKernel/QueryEvents` */
  readonly path: string;
  readonly kind: "unary" | "server_streaming";
  readonly input: DescMethod["input"];
  readonly output: DescMethod["output"];
}

function operation(name: OperationName): Operation {
  const method: DescMethod = SoloKernel.method[name];
  const kind = method.methodKind;
  // The contract has no client streams; a gateway that meets one would have to be written first.
  if (kind !== "unary" && kind !== "server_streaming") throw new Error(`${method.name} streams from the client`);
  return {
    ...rules[name],
    name,
    rpc: method.name,
    path: `/${SoloKernel.typeName}/${method.name}`,
    kind,
    input: method.input,
    output: method.output,
  };
}

/** All operations, in the table's order. */
export const operations: readonly Operation[] = (Object.keys(rules) as OperationName[]).map(operation);

const byName = new Map(operations.map((each) => [each.name, each]));

/** The row of an operation. */
export function operationOf(name: OperationName): Operation {
  const found = byName.get(name);
  if (found === undefined) throw new Error(`${name} has no row`);
  return found;
}
