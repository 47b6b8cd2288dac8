import process from "node:process";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

export const attack = brokenOut("break-environment", "the environment of whoever started Solo");

/** What bubblewrap says of the folder that it starts in. */
const harmless = new Set(["PWD"]);

const namesIn = (environment: object): readonly string[] =>
  Object.keys(environment).filter((name) => !harmless.has(name));

interface Report {
  readonly environmentVariables?: object;
}

export const deed: Deed = () => {
  const account = new Account();
  account.found(...namesIn(process.env));
  account.found(...namesIn((process.report.getReport() as Report).environmentVariables ?? {}));
  // Whatever it is told otherwise is nobody's secret either.
  account.found(...[...process.argv, ...process.execArgv].filter((word) => /secret/i.test(word)));
  return account.done;
};
