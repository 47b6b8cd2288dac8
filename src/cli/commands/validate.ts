import { basename } from "node:path";
import { ValidateResponseSchema } from "../../api/index.ts";
import { type Verb, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { messageJson } from "../output/message-json.ts";
import { renderPlace } from "../output/halt.ts";
import { plural } from "../output/say.ts";
import { placesIn, readSource } from "../source.ts";

interface Options {
  readonly format?: string;
}

export const validate: Verb = (command, run) => {
  command
    .description(
      "Compiles a source as deploy would and lists what is wrong with it. Ends with 1 if it would not be taken.",
    )
    .argument("<file>", "source of a service")
    .option("--format <format>", "as for deploy")
    .addHelpText("after", teach([["solo validate counter.ts", "before a commit"]]))
    .action(
      run<[string], Options>(async (context, [file], options) => {
        // Any name will do: nothing is deployed.
        const source = readSource(file, { ...options, name: "validated" });
        const client = await context.connect("tenant");
        const request = { code: source.code, format: source.format, fileName: basename(file) };
        const found = await client.validate(request, context.patience);
        const places = placesIn(source, found.diagnostics);
        const { paint } = context.out;
        context.out.result({
          json: { ...messageJson(ValidateResponseSchema, found), diagnostics: places },
          human: () => {
            const verdict = found.valid
              ? `${paint.green("✔")} ${file} compiles`
              : `${paint.red("✖")} ${file} does not compile: ${plural(places.length, "problem")}`;
            return [...places.map((place) => renderPlace(place, paint)), verdict].join("\n");
          },
        });
        return found.valid ? exitCodes.ok : exitCodes.refused;
      }),
    );
};
