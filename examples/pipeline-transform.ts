// pipeline-transform: the middle of the pipeline (see pipeline-source.ts). It has no state: it answers its caller, and
// passes on what it made without waiting.
import { Service } from "solo:service";
import type Sink from "./pipeline-sink.ts";

export default class Transform extends Service {
  /** Cuts a line into words, passes them on, and says how many there were. */
  async split(line: string): Promise<number> {
    const words = line.toLowerCase().match(/\p{L}+/gu) ?? [];
    const sink = await this.lookup<Sink>("pipeline-sink");
    // A cast is not answered. From one sender to one receiver, messages keep their order, casts and calls alike.
    if (words.length > 0) sink.cast.store([...words]);
    return words.length;
  }
}
