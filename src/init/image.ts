/** Has the builder's program make (or find) the guest image, in a process of its own, beside the boot of the kernel. */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { isMisfit, record, text } from "../base/index.ts";
import { argumentsFor, environmentFor, programs } from "./programs.ts";

const run = promisify(execFile);
const answerShape = record({ path: text(4_096) });

/** The image's folder. Throws if it cannot be made. */
export async function provideImage(at: { readonly into: string; readonly compileCache: string }): Promise<string> {
  const { stdout } = await run(process.execPath, [...argumentsFor(programs.builder, ["image", "--into", at.into])], {
    env: environmentFor(at.compileCache),
    timeout: 60_000,
    maxBuffer: 1024 * 1024,
  });
  const answer = answerShape(JSON.parse(stdout));
  if (isMisfit(answer)) throw new Error(`the image's maker answered ${stdout.slice(0, 200)}`);
  return answer.path;
}
