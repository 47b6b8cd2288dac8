/** Frames for the pipe's tests, good and bad. */
import { limits } from "../base/index.ts";
import { encodeFrame } from "../wire/index.ts";

export { encodeFrame };

export const limitsOfFrames = {
  /** The start of a frame that announces one byte more than may be. */
  tooLong(): Uint8Array {
    const frame = encodeFrame({}, new Uint8Array(1));
    new DataView(frame.buffer).setUint32(8, limits.frameBytesMax, true);
    return frame;
  },
};
