// pipeline-sink: the end of the pipeline (see pipeline-source.ts). It counts the words that arrive.
import { Service } from "solo:service";

export default class Sink extends Service<{ counts: Record<string, number> }> {
  init() {
    return { counts: {} };
  }

  store(words: string[]): void {
    const { counts } = this.state;
    for (const word of words) {
      // Words come from outside, and "constructor" is one: only what was counted may be read.
      counts[word] = (Object.hasOwn(counts, word) ? (counts[word] ?? 0) : 0) + 1;
    }
  }

  /** The most frequent words with their counts; equally frequent ones in the order of their first appearance. */
  top(n = 10): [word: string, count: number][] {
    return Object.entries(this.state.counts)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, n);
  }
}
