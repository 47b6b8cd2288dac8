/** TextDecoder without the legacy encodings of several bytes: their tables alone are larger than all other parts together. */
import { TextDecoder as LiteDecoder } from "@exodus/bytes/encoding-lite.js";

const absent: ReadonlySet<string> = new Set(["big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "shift_jis"]);

export class TextDecoder extends LiteDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean }) {
    super(label, options);
    // The package says it only in `decode`, and names a remedy that a guest does not have.
    if (absent.has(this.encoding)) throw new RangeError(`the encoding ${this.encoding} is not there`);
  }
}
