/**
 * The builder's process.
 *
 *   node src/builder/main.ts image --into FOLDER    makes the guest image, prints {"path","hash","built"}, ends
 *   node src/builder/main.ts                        serves kernels on the listening socket that it inherited
 */
import process from "node:process";
import { provideImage } from "./image.ts";

const [verb, option, value] = process.argv.slice(2);

if (verb === "image" && option === "--into" && value !== undefined) {
  process.stdout.write(`${JSON.stringify(await provideImage({ into: value }))}\n`);
} else {
  process.stderr.write("usage: node src/builder/main.ts [image --into FOLDER]\n");
  process.exitCode = 2;
}
