/** Streams, by the package that follows the standard's reference implementation. */
import * as streams from "web-streams-polyfill";
import { platform, withNames } from "./platform.ts";

interface Controller {
  enqueue(chunk: unknown): void;
}

class TextEncoderStream extends streams.TransformStream {
  readonly encoding = "utf-8";

  constructor() {
    const encoder = new platform.TextEncoder();
    let lead = "";
    super({
      // A character may be cut in two by its chunks: its first half waits for the second.
      transform: (chunk: unknown, to: Controller) => {
        let text = lead + String(chunk);
        lead = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
        if (lead !== "") text = text.slice(0, -1);
        if (text !== "") to.enqueue(encoder.encode(text));
      },
      flush: (to: Controller) => {
        if (lead !== "") to.enqueue(encoder.encode(lead));
      },
    });
  }
}

class TextDecoderStream extends streams.TransformStream {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label?: string, options?: object) {
    const decoder = new platform.TextDecoder(label, options);
    const pass = (text: string, to: Controller): void => {
      if (text !== "") to.enqueue(text);
    };
    super({
      transform: (chunk: Uint8Array, to: Controller) => pass(decoder.decode(chunk, { stream: true }), to),
      flush: (to: Controller) => pass(decoder.decode(), to),
    });
    this.encoding = decoder.encoding;
    this.fatal = decoder.fatal;
    this.ignoreBOM = decoder.ignoreBOM;
  }
}

export const make = (): object => withNames({ ...streams, TextEncoderStream, TextDecoderStream });
