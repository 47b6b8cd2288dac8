/**
 * What a handler is: it parses a request's fields, asks the ports, and shapes the answer. It neither authenticates nor
 * knows a protocol; run.ts does what is the same for all. A no is a value; a throw is a bug.
 */
import type { MessageShape } from "@bufbuild/protobuf";
import type { Failure, Schemas, StreamName, UnaryName } from "../../api/index.ts";
import type { Principal } from "../../kernel/index.ts";
import type { Ports } from "../ports.ts";

type Input<K extends UnaryName | StreamName> = MessageShape<Schemas<K>["input"]>;
type Output<K extends UnaryName | StreamName> = MessageShape<Schemas<K>["output"]>;

/**
 * `signal` fires when nobody waits for the answer any more. `connectedMs` is when the connection that the request came by was
 * made, by the host's monotonic clock; 0 if that is not known.
 */
export type UnaryHandler<K extends UnaryName> = (
  ports: Ports,
  principal: Principal,
  request: Input<K>,
  signal: AbortSignal,
  connectedMs: number,
) => Promise<Output<K> | Failure>;

/**
 * Yields as fast as it is asked to and no faster, releases what it holds in `finally`, and returns why it ended if that was
 * not the asker's own wish.
 */
export type StreamHandler<K extends StreamName> = (
  ports: Ports,
  principal: Principal,
  request: Input<K>,
  signal: AbortSignal,
) => AsyncGenerator<Output<K>, Failure | undefined, undefined>;
