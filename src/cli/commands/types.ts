import { readFileSync, writeFileSync } from "node:fs";
import { type Verb, teach } from "../command.ts";

const definitions = new URL("../../guest/solo-service.d.ts", import.meta.url);

interface Options {
  readonly write?: string;
}

export const types: Verb = (command, run) => {
  command
    .description(
      'Prints the type definitions that services are written against: the module "solo:service", and what there is of the web platform.',
    )
    .option("--write <file>", "write them into a file instead")
    .addHelpText(
      "after",
      teach(
        [
          ["solo types --write solo-service.d.ts", "beside your services"],
          ["solo types | less", "to read them"],
        ],
        'In the tsconfig.json of your services: "lib": ["esnext"], "types": [], and the file among "include".',
      ),
    )
    .action(
      run<[], Options>(async ({ out }, _args, { write }) => {
        const text = readFileSync(definitions, "utf8");
        if (write === undefined) out.result({ json: { types: text }, human: () => text.trimEnd() });
        else {
          writeFileSync(write, text);
          out.result({ json: { written: write }, human: () => `wrote ${write}` });
        }
        return Promise.resolve(undefined);
      }),
    );
};
