import { readFileSync } from "node:fs";
import { type Verb, teach } from "../command.ts";

/** The guide's text, as it is in docs/. */
export const readGuide = (): string => readFileSync(new URL("../../../docs/guide.md", import.meta.url), "utf8");

export const guide: Verb = (command, run) => {
  command
    .description("Prints one page that teaches how to write a correct service: for people, and for language models.")
    .addHelpText("after", teach([["solo guide > guide.md", "to give it to a model"]]))
    .action(
      run<[], object>(async ({ out }) => {
        const text = readGuide();
        out.result({ json: { guide: text }, human: () => text.trimEnd() });
        return Promise.resolve(undefined);
      }),
    );
};
