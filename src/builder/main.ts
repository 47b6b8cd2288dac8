/**
 * The builder's process.
 *
 *   node src/builder/main.ts image --into FOLDER    makes the guest image, prints {"path","hash","built"}, ends
 *   node --experimental-vm-modules src/builder/main.ts
 *                                                   serves kernels on the listening socket it inherited (fd 3), and beats
 *                                                   its heart into fd 4
 */
import process from "node:process";

const [verb, option, value] = process.argv.slice(2);

// Each way loads only what it needs: a start waits for the image.
if (verb === "image" && option === "--into" && value !== undefined) {
  const { provideImage } = await import("./image.ts");
  process.stdout.write(`${JSON.stringify(await provideImage({ into: value }))}\n`);
} else if (verb === undefined) {
  const [{ beat }, { BuilderServer }, { warmUp }] = await Promise.all([
    import("./heartbeat.ts"),
    import("./serve.ts"),
    import("./warm-up.ts"),
  ]);
  beat();
  warmUp();
  new BuilderServer().listen();
} else {
  process.stderr.write("usage: node src/builder/main.ts [image --into FOLDER]\n");
  process.exitCode = 2;
}
