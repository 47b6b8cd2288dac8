// pipeline-source: the first of three services that find each other by name and call each other.
//
//   pipeline-source ──call──▶ pipeline-transform ──cast──▶ pipeline-sink
//
//   solo deploy examples/pipeline-sink.ts
//   solo deploy examples/pipeline-transform.ts
//   solo deploy examples/pipeline-source.ts
//   solo call pipeline-source read '"to be or not to be"'   → {"lines": 1, "words": 6}
//   solo call pipeline-sink top 2                           → [["to", 2], ["be", 2]]
import { Service } from "solo:service";
// For its type alone: the services share no code and no memory, only messages.
import type Transform from "./pipeline-transform.ts";

export default class Source extends Service<{ lines: number }> {
  init() {
    return { lines: 0 };
  }

  /** Sends each line through the pipeline, in order, and says how many words went in. */
  async read(text: string): Promise<{ lines: number; words: number }> {
    // A reference is a name, not an instance: it follows the service through restarts, and may be kept.
    const transform = await this.lookup<Transform>("pipeline-transform");
    let words = 0;
    for (const line of text.split("\n")) {
      this.state.lines += 1;
      words += await transform.call.split(line);
    }
    return { lines: this.state.lines, words };
  }
}
