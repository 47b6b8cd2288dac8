/**
 * The builder's process.
 *
 *   node src/builder/main.ts image --into FOLDER    makes the guest image, prints {"path","hash","built"}, ends
 *   node --experimental-vm-modules src/builder/main.ts [jailed]
 *                                                   serves kernels on the listening socket it inherited (fd 3), and beats
 *                                                   its heart into fd 4; jailed, it locks itself before it hears of any
 */
import { join } from "node:path";
import process from "node:process";
import { jailedArgument, lockFile } from "../wire/index.ts";

const [verb, option, value] = process.argv.slice(2);

// Each way loads only what it needs: a start waits for the image.
if (verb === "image" && option === "--into" && value !== undefined) {
  const { provideImage } = await import("./image.ts");
  process.stdout.write(`${JSON.stringify(await provideImage({ into: value }))}\n`);
} else if (verb === undefined || verb === jailedArgument) {
  const [{ beat }, { BuilderServer }, { warmUp }] = await Promise.all([
    import("./heartbeat.ts"),
    import("./serve.ts"),
    import("./warm-up.ts"),
  ]);
  // Only a jail has what this needs.
  const lockdown = verb === jailedArgument ? await import("./lockdown.ts") : undefined;
  beat();
  warmUp();
  // Beside what the jail keeps of our code.
  if (lockdown?.lock(join(import.meta.dirname, "..", "..", lockFile)) === false) {
    process.stderr.write("the lock's filter was refused\n");
    process.exit(1);
  }
  new BuilderServer().listen();
} else {
  process.stderr.write("usage: node src/builder/main.ts [image --into FOLDER]\n");
  process.exitCode = 2;
}
