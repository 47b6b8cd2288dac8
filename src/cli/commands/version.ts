import { type Verb, teach } from "../command.ts";
import { readVersion } from "../package-version.ts";

export const version: Verb = (command, run) => {
  command
    .description("Prints the versions of solo, Node and V8.")
    .addHelpText("after", teach([["solo version --json", "for scripts"]]))
    .action(
      run<[], object>(async ({ out }) => {
        const versions = { solo: readVersion(), node: process.versions.node, v8: process.versions.v8 };
        out.result({
          json: versions,
          human: () => `solo ${versions.solo} ${out.paint.dim(`(Node ${versions.node}, V8 ${versions.v8})`)}`,
        });
        return Promise.resolve(undefined);
      }),
    );
};
