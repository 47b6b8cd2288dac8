/** Streams, by the package that follows the standard's reference implementation. */
import * as streams from "web-streams-polyfill";
import { platform } from "./platform.ts";

interface Controller {
  enqueue(chunk: unknown): void;
}

class TextEncoderStream extends streams.TransformStream {
  constructor() {
    const encoder = new platform.TextEncoder();
    super({ transform: (chunk: unknown, to: Controller) => to.enqueue(encoder.encode(String(chunk))) });
  }
}

class TextDecoderStream extends streams.TransformStream {
  constructor(label?: string, options?: object) {
    const decoder = new platform.TextDecoder(label, options);
    super({
      transform: (chunk: Uint8Array, to: Controller) => to.enqueue(decoder.decode(chunk, { stream: true })),
      flush: (to: Controller) => to.enqueue(decoder.decode()),
    });
  }
}

export const make = (): object => ({ ...streams, TextEncoderStream, TextDecoderStream });
