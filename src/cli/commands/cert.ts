import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { IssueCertificateRequest_Role, type IssueCertificateResponse } from "../../api/index.ts";
import { type Verb, parseCount, teach } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { Halt, usageHalt } from "../halt.ts";
import { renderFacts } from "../output/table.ts";

interface Options {
  readonly admin?: true;
  readonly days?: number;
  readonly out?: string;
}

export const cert: Verb = (group, run) => {
  group.description("Certificates say who asks: a tenant or an administrator.");

  group
    .command("issue")
    .summary("issue a certificate with a fresh key")
    .description(
      "Issues a client certificate and writes it, its key and the CA's certificate into a directory. Solo does not keep the key.",
    )
    .option("--admin", "for an administrator, in place of --tenant")
    .option("--days <count>", "how long it is valid (default: 365)", parseCount)
    .option("--out <dir>", "where to write cert.pem, key.pem and ca.pem (default: ./NAME-identity)")
    .addHelpText(
      "after",
      teach([
        ["solo cert issue --tenant agent_2", "into ./agent_2-identity/"],
        ["solo cert issue --admin --days 30 --out /secure/ops", "for another administrator"],
      ]),
    )
    .action(
      run<[], Options>(async (context, _args, options) => {
        const { tenantId, out } = context;
        if ((options.admin === true) === (tenantId !== "")) {
          throw usageHalt("Whose certificate?", "Give either --tenant ID or --admin.");
        }
        const dir = resolve(options.out ?? `${options.admin === true ? "admin" : tenantId}-identity`);
        makeDirectory(dir);
        const client = await context.connect("admin");
        const role = options.admin === true ? IssueCertificateRequest_Role.ADMIN : IssueCertificateRequest_Role.TENANT;
        const issued = await client.issueCertificate({ tenantId, role, days: options.days ?? 0 }, context.patience);
        const files = writeIdentity(dir, issued);
        const notAfter = new Date(Number(issued.notAfterMs)).toISOString();
        out.result({
          json: {
            tenantId,
            role: options.admin === true ? "admin" : "tenant",
            ...files,
            notAfter,
            fingerprint: issued.fingerprint,
          },
          human: () =>
            [
              `${out.paint.green("✔")} certificate for ${out.paint.bold(options.admin === true ? "an administrator" : tenantId)}`,
              renderFacts(
                [
                  ["certificate", files.cert],
                  ["key", `${files.key} ${out.paint.dim("(the only copy)")}`],
                  ["CA", files.ca],
                  ["valid until", notAfter],
                  ["fingerprint", issued.fingerprint],
                ],
                out.paint,
              ),
              `${out.paint.cyan("→")} solo list --cert ${files.cert} --key ${files.key}`,
            ].join("\n"),
        });
        return undefined;
      }),
    );
};

/** Before the certificate is issued: a key that cannot be written would be lost. Never writes into one that exists. */
function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    throw new Halt({
      code: "DIRECTORY_UNUSABLE",
      exit: exitCodes.refused,
      message: `${dir} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Give another directory with --out; its parent must exist, it must not.",
    });
  }
}

function writeIdentity(dir: string, issued: IssueCertificateResponse) {
  const files = { cert: join(dir, "cert.pem"), key: join(dir, "key.pem"), ca: join(dir, "ca.pem") };
  writeFileSync(files.cert, issued.certificatePem, { mode: 0o644, flag: "wx" });
  writeFileSync(files.key, issued.privateKeyPem, { mode: 0o600, flag: "wx" });
  writeFileSync(files.ca, issued.caPem, { mode: 0o644, flag: "wx" });
  return files;
}
