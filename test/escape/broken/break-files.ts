import fs from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

export const attack = brokenOut("break-files", "files: read, listed, looked at, made, renamed, removed");

const here = -100;
const toWrite = 0o1 | 0o100;
/** Without a jail nothing comes of what would change something: the folder is not there. */
const nowhere = "/solo-nowhere/x";

export const deed: Deed = async ({ aims }) => {
  const account = new Account();
  for (const path of ["/etc/passwd", "/", ".", "/tmp", "/root"]) account.bare("openat", here, path, 0);
  account.bare("open", "/etc/passwd", 0);
  account.bare("openat", here, nowhere, toWrite, 0o600);
  account.bare("openat2", here, "/etc/passwd", 0n, 0);
  for (const name of ["newfstatat", "statx"]) account.bare(name, here, "/etc/passwd", 0);
  for (const name of ["stat", "lstat", "access", "readlink", "statfs"]) account.bare(name, "/etc/passwd", 0, 0);
  for (const name of ["faccessat", "faccessat2", "readlinkat"]) account.bare(name, here, nowhere, 0, 0);
  account.bare("getdents64", 0, 0, 0);
  account.bare("mkdirat", here, nowhere, 0o700);
  account.bare("unlinkat", here, nowhere, 0);
  account.bare("renameat2", here, nowhere, here, `${nowhere}2`, 0);
  account.bare("linkat", here, nowhere, here, `${nowhere}2`, 0);
  account.bare("symlinkat", "/etc", here, nowhere);
  account.bare("memfd_create", "", 0);

  await account.node("read /etc/passwd", () => fs.readFileSync("/etc/passwd"));
  await account.node("list /", () => fs.readdirSync("/"));
  await account.node("read its own program", () => fs.readFileSync(__filename));
  await account.node("overwrite its own program", () => fs.writeFileSync(__filename, "x"));
  await account.node("write /tmp", () => fs.writeFileSync("/tmp/solo-break-files", "x"));
  await account.node("watch /", () => fs.watch("/").close());
  // Node's permissions say nothing of it.
  if (!aims.free) {
    await account.node("open a database", () => new DatabaseSync("/tmp/solo-break-files").exec("create table t(x)"));
  }
  return account.done;
};
