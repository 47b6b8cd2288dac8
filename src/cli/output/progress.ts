/**
 * A spinner for what takes longer than a moment. Our own twenty lines: the one of @clack/prompts puts the terminal into raw
 * mode and answers Ctrl-C with exit code 0, where a script must see 130.
 */
import type { Output } from "./output.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const patienceMs = 300;

export async function withProgress<T>(out: Output, text: string, work: Promise<T>): Promise<T> {
  if (!out.live) return work;
  let frame = 0;
  let ticking: NodeJS.Timeout | undefined;
  const patience = setTimeout(() => {
    ticking = setInterval(() => {
      frame = (frame + 1) % frames.length;
      out.progress(`${out.paint.cyan(frames[frame] ?? "")} ${text}`);
    }, 80);
  }, patienceMs);
  try {
    return await work;
  } finally {
    clearTimeout(patience);
    clearInterval(ticking);
    if (ticking !== undefined) out.progress("");
  }
}
