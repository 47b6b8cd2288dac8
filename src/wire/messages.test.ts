/** What travels between kernel, cells, builder and init, put to the laws of shapes: each of the six ways, both ends of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Lawful,
  makesEveryVariant,
  neverThrows,
  refusesWhatIsWrong,
  roundTrips,
} from "../../test/arbitraries/laws.ts";
import * as messages from "../../test/arbitraries/messages.ts";
import { variants } from "../../test/arbitraries/typed.ts";
import { builderToKernelShape, kernelToBuilderShape } from "./builder.ts";
import { cellToKernelShape, kernelToCellShape } from "./cell.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import { initToKernelShape, kernelToInitShape } from "./init.ts";

/** As the header of a frame. */
function framed(message: unknown): unknown {
  const [frame, ...more] = [...new FrameReader().read(encodeFrame(message))];
  assert.ok(frame !== undefined && "header" in frame && more.length === 0);
  return frame.header;
}

const ways: readonly (Lawful<unknown> & { readonly way: string })[] = [
  { way: "kernel → cell", shape: kernelToCellShape, sound: variants(messages.kernelToCell), carry: framed },
  { way: "cell → kernel", shape: cellToKernelShape, sound: variants(messages.cellToKernel), carry: framed },
  { way: "kernel → builder", shape: kernelToBuilderShape, sound: variants(messages.kernelToBuilder), carry: framed },
  { way: "builder → kernel", shape: builderToKernelShape, sound: variants(messages.builderToKernel), carry: framed },
  // Node's channel between processes carries JSON.
  { way: "init → kernel", shape: initToKernelShape, sound: variants(messages.initToKernel) },
  { way: "kernel → init", shape: kernelToInitShape, sound: variants(messages.kernelToInit) },
];

for (const way of ways) {
  test(`${way.way}: every type of message is put to the laws`, () => makesEveryVariant(way));
  test(`${way.way}: nothing that comes throws`, () => neverThrows(way));
  test(`${way.way}: a message arrives as it was sent`, () => roundTrips(way));
  test(`${way.way}: a message that is wrong in one place is refused, with the place; what is unknown is left out`, () =>
    refusesWhatIsWrong(way));
}
