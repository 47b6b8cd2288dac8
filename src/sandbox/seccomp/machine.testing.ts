/** The kernel's filter machine, for tests: what would this program say of that call? Knows only what our programs use. */
import { insist } from "../../base/index.ts";
import { opcodes } from "./program.ts";

export interface Asked {
  readonly number: number;
  readonly arch: number;
  readonly arguments?: readonly bigint[];
}

/** The returned action. Throws where the kernel would refuse the program. */
export function runFilter(program: Uint8Array, { number, arch, arguments: args = [] }: Asked): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setInt32(0, number, true);
  data.setUint32(4, arch, true);
  for (const [i, value] of args.entries()) data.setBigUint64(16 + 8 * i, BigInt.asUintN(64, value), true);

  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  insist(program.length % 8 === 0, "whole instructions");
  let accumulator = 0;
  let at = 0;
  for (;;) {
    insist(at * 8 < program.length, "the program stays within itself");
    const op = code.getUint16(at * 8, true);
    const yes = code.getUint8(at * 8 + 2);
    const no = code.getUint8(at * 8 + 3);
    const k = code.getUint32(at * 8 + 4, true);
    at += 1;
    switch (op) {
      case opcodes.loadWord:
        insist(k % 4 === 0 && k <= 60, "a load is aligned and within the data");
        accumulator = data.getUint32(k, true);
        break;
      case opcodes.and:
        accumulator = (accumulator & k) >>> 0;
        break;
      case opcodes.jump:
        at += k;
        break;
      case opcodes.jumpEqual:
        at += accumulator === k ? yes : no;
        break;
      case opcodes.jumpGreaterOrEqual:
        at += accumulator >= k ? yes : no;
        break;
      case opcodes.return:
        return k;
      default:
        throw new Error(`instruction ${op.toString(16)} is not known`);
    }
  }
}
