/** Asks operations of a world as a gateway would, without a network. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { operationOf, type Failure, type OperationName, type Schemas } from "../../src/api/index.ts";
import { isRefusal, type RefusalCode, type TenantId } from "../../src/base/index.ts";
import { makeRunner } from "../../src/gateways/index.ts";
import type { Principal } from "../../src/kernel/index.ts";
import type { World } from "./world.ts";

export const admin: Principal = { role: "admin", name: "admin" };
export const tenant = (id: TenantId): Principal => ({ role: "tenant", tenant: id });

type Init<K extends OperationName> = MessageInitShape<Schemas<K>["input"]>;
type Answer<K extends OperationName> = MessageShape<Schemas<K>["output"]>;

export interface Asker {
  /** The answer, or the failure. */
  readonly ask: <K extends OperationName>(who: Principal, name: K, request: Init<K>) => Promise<Answer<K> | Failure>;
  /** The answer; a failure fails the test. */
  readonly get: <K extends OperationName>(who: Principal, name: K, request: Init<K>) => Promise<Answer<K>>;
  /** The failure, which must be of this code. */
  readonly refusal: <K extends OperationName>(
    who: Principal,
    name: K,
    request: Init<K>,
    code: RefusalCode,
  ) => Promise<Failure>;
  readonly stream: <K extends OperationName>(
    who: Principal,
    name: K,
    request: Init<K>,
    signal: AbortSignal,
  ) => AsyncGenerator<Answer<K>, Failure | undefined, undefined>;
  readonly incidents: unknown[];
}

export function askerOf(world: World): Asker {
  const incidents: unknown[] = [];
  const runner = makeRunner(world.ports, (incident) => incidents.push(incident.error));
  const asked = <K extends OperationName>(principal: Principal, name: K, request: Init<K>, signal: AbortSignal) => {
    const operation = operationOf(name);
    return { principal, operation, request: create(operation.input, request), signal };
  };
  const ask: Asker["ask"] = async (who, name, request) =>
    (await runner.unary(asked(who, name, request, new AbortController().signal))) as Awaited<
      ReturnType<Asker["ask"]>
    > as never;
  return {
    incidents,
    ask,
    get: async (who, name, request) => {
      const answer = await ask(who, name, request);
      assert.ok(!isRefusal(answer), inspect({ answer, incidents }));
      return answer;
    },
    refusal: async (who, name, request, code) => {
      const answer = await ask(who, name, request);
      assert.ok(isRefusal(answer), `${name} was not refused`);
      assert.equal(answer.refused, code, JSON.stringify(answer.detail));
      return answer;
    },
    stream: (who, name, request, signal) => runner.stream(asked(who, name, request, signal)) as never,
  };
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);

export const counter = `
export default class Counter {
  init() { this.count = 0; }
  add(n: number = 1): number { this.log("adds " + n); return (this.count += n); }
  fail() { throw new TypeError("no such luck"); }
  nothing() {}
}`;
